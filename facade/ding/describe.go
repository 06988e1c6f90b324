package ding

import (
	"context"
	"errors"
)

// Description is an error code of an [*Error] with its readable text.
type Description struct {
	// Code is the code and context as the service sent them.
	Code ErrorCode
	// Message is the code's text; empty if the service knows none.
	Message string
	// ContextMessage is the context's text; empty if the context is no code, or the service has no text for it.
	ContextMessage string
}

// Describe joins the codes of an error with their texts from GetErrorCodeDescriptions, which it calls once: at most 20
// times in ten minutes. It returns nothing for an error without codes, or none of this package's.
func (c *Client) Describe(ctx context.Context, err error, opts ...CallOption) ([]Description, error) {
	var failed *Error
	if !errors.As(err, &failed) || len(failed.Codes) == 0 {
		return nil, nil
	}
	answer, err := c.GetErrorCodeDescriptions(ctx, opts...)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]string, len(answer.Items))
	for _, item := range answer.Items {
		texts[item.Code] = item.Message
	}
	descriptions := make([]Description, len(failed.Codes))
	for i, code := range failed.Codes {
		descriptions[i] = Description{Code: code, Message: texts[code.Code], ContextMessage: texts[code.Context]}
	}
	return descriptions, nil
}
