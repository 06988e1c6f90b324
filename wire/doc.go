// Package wire holds small value types in the form in which the services write them: points in time that .NET wrote
// with or without a zone, and receipts that may hold a voucher's PIN. The generated models use them for their fields.
package wire
