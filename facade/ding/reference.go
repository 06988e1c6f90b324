package ding

import (
	"context"
	"net/http"

	"github.com/airtime-go/airtime/facade"
	"github.com/airtime-go/airtime/facade/internal/pipeline"
	gen "github.com/airtime-go/airtime/gen/ding"
)

// The methods in this file read reference data and the account. They are repeated after transient failures.

// GetErrorCodeDescriptions returns the readable texts of all error codes. At most 20 calls in ten minutes.
func (c *Client) GetErrorCodeDescriptions(ctx context.Context, opts ...CallOption) (*GetErrorCodeDescriptionsResponse, error) {
	return call[GetErrorCodeDescriptionsResponse](ctx, c, operation{name: "GetErrorCodeDescriptions"}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetErrorCodeDescriptionsRequest(server)
	})
}

// GetCurrencies returns all currencies. At most 20 calls in ten minutes; cache it for a day.
func (c *Client) GetCurrencies(ctx context.Context, opts ...CallOption) (*GetCurrenciesResponse, error) {
	return call[GetCurrenciesResponse](ctx, c, operation{name: "GetCurrencies"}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetCurrenciesRequest(server)
	})
}

// GetCountries returns all countries with their dialling prefixes. At most 20 calls in ten minutes; cache it for a day.
func (c *Client) GetCountries(ctx context.Context, opts ...CallOption) (*GetCountriesResponse, error) {
	return call[GetCountriesResponse](ctx, c, operation{name: "GetCountries"}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetCountriesRequest(server)
	})
}

// GetRegions returns the regions of the countries asked for, or all. At most 20 calls in ten minutes; cache it for a day.
func (c *Client) GetRegions(ctx context.Context, params GetRegionsParams, opts ...CallOption) (*GetRegionsResponse, error) {
	return call[GetRegionsResponse](ctx, c, operation{name: "GetRegions"}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetRegionsRequest(server, &params)
	})
}

// GetProviders returns the providers that pass every filter given; values within a filter are alternatives. Beware: an
// account number that matches no provider returns all of them. At most 50 calls in ten minutes; cache it for a day.
func (c *Client) GetProviders(ctx context.Context, params GetProvidersParams, opts ...CallOption) (*GetProvidersResponse, error) {
	return call[GetProvidersResponse](ctx, c, operation{name: "GetProviders", bound: productsBound, private: private(params.AccountNumber, nil)}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetProvidersRequest(server, &params)
	})
}

// GetProviderStatus says which providers process transfers at this moment. At most 50 calls in ten minutes.
func (c *Client) GetProviderStatus(ctx context.Context, params GetProviderStatusParams, opts ...CallOption) (*GetProviderStatusResponse, error) {
	return call[GetProviderStatusResponse](ctx, c, operation{name: "GetProviderStatus"}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetProviderStatusRequest(server, &params)
	})
}

// GetProducts returns the products that pass every filter given; values within a filter are alternatives. Beware: an
// account number that matches no provider returns all products, some 15 to 20 MB. At most 50 calls in ten minutes;
// cache it for three hours, and never share it between accounts, since prices differ.
func (c *Client) GetProducts(ctx context.Context, params GetProductsParams, opts ...CallOption) (*GetProductsResponse, error) {
	return call[GetProductsResponse](ctx, c, operation{name: "GetProducts", bound: productsBound, private: private(params.AccountNumber, nil)}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetProductsRequest(server, &params)
	})
}

// GetProductDescriptions returns product texts; ask for "en" along with any other language, which can have gaps. At
// most 50 calls in ten minutes; cache it for a day.
func (c *Client) GetProductDescriptions(ctx context.Context, params GetProductDescriptionsParams, opts ...CallOption) (*GetProductDescriptionsResponse, error) {
	return call[GetProductDescriptionsResponse](ctx, c, operation{name: "GetProductDescriptions", bound: productsBound}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetProductDescriptionsRequest(server, &params)
	})
}

// GetPromotions returns the promotions that pass every filter given. At most 50 calls in ten minutes; cache it for a day.
func (c *Client) GetPromotions(ctx context.Context, params GetPromotionsParams, opts ...CallOption) (*GetPromotionsResponse, error) {
	return call[GetPromotionsResponse](ctx, c, operation{name: "GetPromotions", private: private(params.AccountNumber, nil)}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetPromotionsRequest(server, &params)
	})
}

// GetPromotionDescriptions returns promotion texts; ask for "en" along with any other language. At most 50 calls in ten
// minutes; cache it for a day.
func (c *Client) GetPromotionDescriptions(ctx context.Context, params GetPromotionDescriptionsParams, opts ...CallOption) (*GetPromotionDescriptionsResponse, error) {
	return call[GetPromotionDescriptionsResponse](ctx, c, operation{name: "GetPromotionDescriptions", bound: productsBound}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetPromotionDescriptionsRequest(server, &params)
	})
}

// GetBalance returns what the account holds at this moment. At most 50 calls in ten minutes.
func (c *Client) GetBalance(ctx context.Context, opts ...CallOption) (*GetBalanceResponse, error) {
	return call[GetBalanceResponse](ctx, c, operation{name: "GetBalance"}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetBalanceRequest(server)
	})
}

// GetAccountLookup normalises an account number (international form, digits only) and names the providers that it may
// belong to. ResultCode 2 with NearestMatch and no items means that the number was understood and its provider is
// unknown. At most 50 calls in ten minutes.
func (c *Client) GetAccountLookup(ctx context.Context, accountNumber string, opts ...CallOption) (*GetAccountLookupResponse, error) {
	const name = operationGetAccountLookup
	var checks facade.Checks
	checks.Require(!pipeline.Blank(accountNumber), "accountNumber", "is missing")
	if err := checks.Err(name); err != nil {
		return nil, err
	}
	return call[GetAccountLookupResponse](ctx, c, operation{name: name, private: private(accountNumber, nil)}, opts, func(server string) (*http.Request, error) {
		return gen.NewGetAccountLookupRequest(server, &gen.GetAccountLookupParams{AccountNumber: accountNumber})
	})
}
