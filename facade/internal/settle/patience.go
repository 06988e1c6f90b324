package settle

import (
	"context"
	"time"
)

// How long is waited, and for whom: until what has not left is called off, and for how much longer what has left is
// followed.

// Sleep waits, and reports false if the context ended first.
func Sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// callers is the key under which a context for sending holds that of the callers.
type callers struct{}

// UntilLeft returns a context for making the connection: it ends with the callers, who may call a request off that has not
// left. Once left is called it goes on, for the grace, to receive the answer. The context is the one that Send is given.
func UntilLeft(ctx context.Context) (until context.Context, left func(), stop context.CancelFunc) {
	until, cancel := context.WithCancel(ctx)
	waiting, ok := ctx.Value(callers{}).(context.Context)
	if !ok {
		return until, func() {}, cancel
	}
	detach := context.AfterFunc(waiting, cancel)
	return until, func() { detach() }, func() {
		detach()
		cancel()
	}
}

// Outlive returns a context that ends grace later than ctx: for finding out about what has left, after the caller has
// given up.
func Outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(patient, func() { timer.Stop() })
	})
	return patient, func() {
		stop()
		cancel()
	}
}
