// Package money holds [Decimal], an exact decimal for amounts that travel as JSON numbers.
//
// Top-up and billing services write amounts as bare JSON numbers, and mean decimals: 0.70 is seventy cents, not the
// binary fraction next to it. A Decimal keeps every digit, and the scale too: what arrives as 10.00 leaves as 10.00.
// No function of this package takes or returns a floating-point number, on purpose.
//
// # What is accepted
//
// [Parse], JSON and text share one grammar, that of a JSON number: an optional minus sign, digits without leading
// zeros, an optional point followed by digits, an optional exponent. JSON may put quotes around it, and JSON null is
// 0. A plus sign in front, blanks, separators, hex, NaN and Infinity are refused.
//
// # Bounds
//
// Written out without an exponent, a number may have up to [MaxDigits] digits before the point and as many after it.
// That is room for every decimal of .NET (29 digits) and for the product of any two of them. Larger numbers, and
// exponents beyond MaxDigits, are refused before any memory is spent on them: an answer that holds 1e999999999 costs
// an error and nothing else. Arithmetic itself is exact and unbounded; a result beyond the bounds can be printed and
// rounded, but marshalling it is an error, so that whatever is written can be read back.
//
// # Comparing
//
// [Decimal.Equal] and [Decimal.Cmp] compare amounts: 0.7 equals 0.70. The operator == and map keys compare amount and
// scale: 0.7 and 0.70 are two keys, and two 0.70 from different answers are one.
package money
