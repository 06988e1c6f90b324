package ding

import (
	"fmt"
	"log/slog"

	"github.com/airtime-go/airtime/wire"
)

// This file is written by hand, since methods can only stand beside their type. fmt asks every field of a struct how it
// wants to be shown; slog's JSON handler asks the outermost value alone, so what holds a receipt or an account number
// answers here.

// hidden stands for a receipt in a log.
const hidden = "[redacted]"

// loggable returns the record as it may be logged: receipts, which can hold a voucher's PIN, are hidden, and the
// account number is masked.
func (r TransferRecord) loggable() TransferRecord {
	if r.ReceiptText != "" {
		r.ReceiptText = hidden
	}
	params := make(wire.ReceiptParams, len(r.ReceiptParams))
	for name := range r.ReceiptParams {
		params[name] = hidden
	}
	r.ReceiptParams = params
	r.AccountNumber = wire.MaskAccount(r.AccountNumber)
	return r
}

// The types without methods keep slog from asking again.
type (
	plainRecord       TransferRecord
	plainRecordErrors TransferRecordWithErrorCodes
	plainListAnswer   ListTransferRecordsResponse
	plainSendRequest  SendTransferRequest
	plainListRequest  ListTransferRecordsRequest
	plainBillsRequest LookupBillsRequest
	plainLookup       GetAccountLookupResponse
)

// LogValue hides the receipt and masks the account number.
func (r TransferRecord) LogValue() slog.Value { return slog.AnyValue(plainRecord(r.loggable())) }

// LogValue hides the receipt and masks the account number.
func (r TransferRecordWithErrorCodes) LogValue() slog.Value {
	r.TransferRecord = r.TransferRecord.loggable()
	return slog.AnyValue(plainRecordErrors(r))
}

// LogValue hides the receipt and masks the account number.
func (r SendTransferResponse) LogValue() slog.Value {
	attrs := []slog.Attr{slog.Int("ResultCode", int(r.ResultCode)), slog.Any("ErrorCodes", r.ErrorCodes)}
	if r.TransferRecord != nil {
		attrs = append(attrs, slog.Any("TransferRecord", *r.TransferRecord))
	}
	return slog.GroupValue(attrs...)
}

// Format shows the record itself, its receipt hidden, where fmt would show an address; at a verb that does not fit, fmt
// would follow the pointer and show the receipt.
func (r SendTransferResponse) Format(f fmt.State, _ rune) {
	shown := struct {
		TransferRecord any
		ResultCode     ResultCode
		ErrorCodes     []ErrorCode
	}{nil, r.ResultCode, r.ErrorCodes}
	if r.TransferRecord != nil {
		shown.TransferRecord = *r.TransferRecord
	}
	fmt.Fprintf(f, "%+v", shown)
}

// LogValue hides the receipts and masks the account numbers.
func (r ListTransferRecordsResponse) LogValue() slog.Value {
	items := make([]TransferRecordWithErrorCodes, len(r.Items))
	for i, item := range r.Items {
		item.TransferRecord = item.TransferRecord.loggable()
		items[i] = item
	}
	r.Items = items
	return slog.AnyValue(plainListAnswer(r))
}

// LogValue masks the account number and leaves out the settings, which can identify the customer.
func (r SendTransferRequest) LogValue() slog.Value {
	r.AccountNumber = wire.MaskAccount(r.AccountNumber)
	r.Settings = nil
	return slog.AnyValue(plainSendRequest(r))
}

// LogValue masks the account number and leaves out the settings, which can identify the customer.
func (r LookupBillsRequest) LogValue() slog.Value {
	r.AccountNumber = wire.MaskAccount(r.AccountNumber)
	r.Settings = nil
	return slog.AnyValue(plainBillsRequest(r))
}

// LogValue masks the account number.
func (r ListTransferRecordsRequest) LogValue() slog.Value {
	r.AccountNumber = wire.MaskAccount(r.AccountNumber)
	return slog.AnyValue(plainListRequest(r))
}

// LogValue masks the account number.
func (r GetAccountLookupResponse) LogValue() slog.Value {
	r.AccountNumberNormalized = wire.MaskAccount(r.AccountNumberNormalized)
	return slog.AnyValue(plainLookup(r))
}
