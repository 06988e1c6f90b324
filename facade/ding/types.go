package ding

import gen "github.com/airtime-go/airtime/gen/ding"

// The generated models are the public models: these names stand for them, so that a program imports one package.
// Their fields are described where they are generated, from api/openapi/ding.yaml.
type (
	// AccountLookup is a provider, and where known the region, to which an account number may belong.
	AccountLookup = gen.AccountLookup
	// Benefit is what a product gives; an open list.
	Benefit = gen.Benefit
	// Bill is an open bill of an account.
	Bill = gen.Bill
	// BonusType is what a promotion's quantity counts; an open list.
	BonusType = gen.BonusType
	// CancellationRequest is one transfer to cancel.
	CancellationRequest = gen.CancellationRequest
	// Country is a country with its dialling prefixes and regions.
	Country = gen.Country
	// Currency is a currency that prices can be expressed in.
	Currency = gen.Currency
	// ErrorCode is one reason why a call or a batch item failed, or what its warning is about.
	ErrorCode = gen.ErrorCode
	// ErrorDescription is the readable text of an error code.
	ErrorDescription = gen.ErrorDescription
	// EstimatedPrice is the estimate for one entry of EstimatePrices.
	EstimatedPrice = gen.EstimatedPrice
	// EstimationRequest is one price to estimate, from either end.
	EstimationRequest = gen.EstimationRequest
	// InternationalDialingInfo is a dialling prefix and how long its numbers are.
	InternationalDialingInfo = gen.InternationalDialingInfo
	// LocalizedProductDescription is a product's text in one language.
	LocalizedProductDescription = gen.LocalizedProductDescription
	// LocalizedPromotionDescription is a promotion's text in one language.
	LocalizedPromotionDescription = gen.LocalizedPromotionDescription
	// PaymentType is the kind of contract that a provider or product serves; an open list.
	PaymentType = gen.PaymentType
	// Price is what a transfer costs and what it delivers.
	Price = gen.Price
	// ProcessingMode tells Instant products from Batch ones; an open list.
	ProcessingMode = gen.ProcessingMode
	// ProcessingState is where a transfer stands; an open list.
	ProcessingState = gen.ProcessingState
	// Product is something that can be bought and sent to an account number.
	Product = gen.Product
	// Promotion is a provider's offer for a time.
	Promotion = gen.Promotion
	// PromotionBonus is what a promotion adds.
	PromotionBonus = gen.PromotionBonus
	// PromotionSendAmount is a range of amounts and the bonuses that come with them.
	PromotionSendAmount = gen.PromotionSendAmount
	// Provider is an organisation that products can be bought from, such as a mobile operator.
	Provider = gen.Provider
	// ProviderStatus says whether a provider processes transfers at this moment.
	ProviderStatus = gen.ProviderStatus
	// RedemptionMechanism is how the customer gets the benefit; an open list.
	RedemptionMechanism = gen.RedemptionMechanism
	// Region is a part of a country that a provider may serve.
	Region = gen.Region
	// ResultCode is how a call went, on the broadest scale, from 1 to 5.
	ResultCode = gen.ResultCode
	// Setting is a named value that a product asks for.
	Setting = gen.Setting
	// SettingDefinition is a setting that a product knows.
	SettingDefinition = gen.SettingDefinition
	// TaxCalculation says whether the tax is part of the receive value; an open list.
	TaxCalculation = gen.TaxCalculation
	// TransferID is a transfer's two names: Ding's and the distributor's.
	TransferID = gen.TransferID
	// TransferRecord is a transfer and how far it has come. %v hides its receipt, and so does slog.
	TransferRecord = gen.TransferRecord
	// TransferRecordWithErrorCodes is a listed transfer with its own result.
	TransferRecordWithErrorCodes = gen.TransferRecordWithErrorCodes
	// TransferWithState is the result of one cancellation.
	TransferWithState = gen.TransferWithState
)

// Requests and filters. An empty filter is left out of the request.
type (
	// GetProductDescriptionsParams filters GetProductDescriptions.
	GetProductDescriptionsParams = gen.GetProductDescriptionsParams
	// GetProductsParams filters GetProducts.
	GetProductsParams = gen.GetProductsParams
	// GetPromotionDescriptionsParams filters GetPromotionDescriptions.
	GetPromotionDescriptionsParams = gen.GetPromotionDescriptionsParams
	// GetPromotionsParams filters GetPromotions.
	GetPromotionsParams = gen.GetPromotionsParams
	// GetProvidersParams filters GetProviders.
	GetProvidersParams = gen.GetProvidersParams
	// GetProviderStatusParams filters GetProviderStatus.
	GetProviderStatusParams = gen.GetProviderStatusParams
	// GetRegionsParams filters GetRegions.
	GetRegionsParams = gen.GetRegionsParams
	// ListTransferRecordsRequest filters and pages ListTransferRecords.
	ListTransferRecordsRequest = gen.ListTransferRecordsRequest
	// LookupBillsRequest asks for the open bills of an account.
	LookupBillsRequest = gen.LookupBillsRequest
	// SendTransferRequest is a transfer to make, or to validate.
	SendTransferRequest = gen.SendTransferRequest
)

// Answers, as the API gives them: warnings stay reachable in ErrorCodes.
type (
	// GetAccountLookupResponse is the answer of GetAccountLookup.
	GetAccountLookupResponse = gen.GetAccountLookupResponse
	// GetBalanceResponse is the answer of GetBalance.
	GetBalanceResponse = gen.GetBalanceResponse
	// GetCountriesResponse is the answer of GetCountries.
	GetCountriesResponse = gen.GetCountriesResponse
	// GetCurrenciesResponse is the answer of GetCurrencies.
	GetCurrenciesResponse = gen.GetCurrenciesResponse
	// GetErrorCodeDescriptionsResponse is the answer of GetErrorCodeDescriptions.
	GetErrorCodeDescriptionsResponse = gen.GetErrorCodeDescriptionsResponse
	// GetProductDescriptionsResponse is the answer of GetProductDescriptions.
	GetProductDescriptionsResponse = gen.GetProductDescriptionsResponse
	// GetProductsResponse is the answer of GetProducts.
	GetProductsResponse = gen.GetProductsResponse
	// GetPromotionDescriptionsResponse is the answer of GetPromotionDescriptions.
	GetPromotionDescriptionsResponse = gen.GetPromotionDescriptionsResponse
	// GetPromotionsResponse is the answer of GetPromotions.
	GetPromotionsResponse = gen.GetPromotionsResponse
	// GetProvidersResponse is the answer of GetProviders.
	GetProvidersResponse = gen.GetProvidersResponse
	// GetProviderStatusResponse is the answer of GetProviderStatus.
	GetProviderStatusResponse = gen.GetProviderStatusResponse
	// GetRegionsResponse is the answer of GetRegions.
	GetRegionsResponse = gen.GetRegionsResponse
	// ListTransferRecordsResponse is the answer of ListTransferRecords.
	ListTransferRecordsResponse = gen.ListTransferRecordsResponse
	// LookupBillsResponse is the answer of LookupBills.
	LookupBillsResponse = gen.LookupBillsResponse
	// SendTransferResponse is the answer of SendTransfer.
	SendTransferResponse = gen.SendTransferResponse
)

// ResultCodes. The service promises never to change this list.
const (
	ResultCodeSuccess            = gen.ResultCodeSuccess            // the call went through (1)
	ResultCodeSuccessWithWarning = gen.ResultCodeSuccessWithWarning // it went through, with a warning in ErrorCodes (2)
	ResultCodeTransientError     = gen.ResultCodeTransientError     // a passing failure, to be tried later (3)
	ResultCodeClientError        = gen.ResultCodeClientError        // the request is at fault (4)
	ResultCodeServerError        = gen.ResultCodeServerError        // the server could not do it (5)
)

// Processing states known so far.
const (
	ProcessingStateSubmitted  = gen.ProcessingStateSubmitted  // recorded, not yet processed
	ProcessingStateProcessing = gen.ProcessingStateProcessing // under way
	ProcessingStateComplete   = gen.ProcessingStateComplete   // delivered
	ProcessingStateFailed     = gen.ProcessingStateFailed     // not delivered and not charged
	ProcessingStateCancelling = gen.ProcessingStateCancelling // cancellation under way
	ProcessingStateCancelled  = gen.ProcessingStateCancelled  // cancelled before delivery
)

// Benefits known so far.
const (
	BenefitMobile       = gen.BenefitMobile       // phone credit
	BenefitMinutes      = gen.BenefitMinutes      // call minutes
	BenefitData         = gen.BenefitData         // mobile data
	BenefitLongDistance = gen.BenefitLongDistance // long-distance credit
	BenefitElectricity  = gen.BenefitElectricity  // electricity
	BenefitTV           = gen.BenefitTV           // television
	BenefitInternet     = gen.BenefitInternet     // internet access
	BenefitUtility      = gen.BenefitUtility      // another utility
	BenefitBalance      = gen.BenefitBalance      // a balance at the provider
)

// Values of the smaller open lists known so far.
const (
	ProcessingModeInstant = gen.ProcessingModeInstant // answered with a final state
	ProcessingModeBatch   = gen.ProcessingModeBatch   // answered with Submitted, to be followed

	RedemptionMechanismImmediate                 = gen.RedemptionMechanismImmediate                 // credited at once
	RedemptionMechanismReadReceipt               = gen.RedemptionMechanismReadReceipt               // the receipt says how, with a PIN for instance
	RedemptionMechanismReadAdditionalInformation = gen.RedemptionMechanismReadAdditionalInformation // the product says how

	PaymentTypePrepaid  = gen.PaymentTypePrepaid  // prepaid contracts
	PaymentTypePostpaid = gen.PaymentTypePostpaid // postpaid contracts

	TaxCalculationInclusive = gen.TaxCalculationInclusive // the receive value includes the tax
	TaxCalculationExclusive = gen.TaxCalculationExclusive // the tax comes on top

	BonusTypeAmount    = gen.BonusTypeAmount    // an amount of currency (+)
	BonusTypePercent   = gen.BonusTypePercent   // per cent (%)
	BonusTypeMultiple  = gen.BonusTypeMultiple  // a multiple (x)
	BonusTypeMegabytes = gen.BonusTypeMegabytes // megabytes (MB)
	BonusTypeGigabytes = gen.BonusTypeGigabytes // gigabytes (GB)
	BonusTypeSMS       = gen.BonusTypeSMS       // messages (SMS)
)
