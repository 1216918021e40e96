package main

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// logStop returns a context that ends as soon as it has been logged that ctx has ended,
// and with what signal. The returned function is called when everything has stopped: it
// logs how long that has taken, unless ctx has not ended.
func logStop(ctx context.Context, log *slog.Logger) (serving context.Context, stopped func()) {
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	var since time.Time
	goOn := context.AfterFunc(ctx, func() {
		since = time.Now()
		log.Info("stopping", "signal", signalOf(ctx))
		end()
	})
	return serving, func() {
		if goOn() {
			end()
			return
		}
		<-serving.Done()
		log.Info("stopped", "duration", time.Since(since))
	}
}

// signalOf names the signal that has ended a context of signal.NotifyContext, or says
// what else has.
func signalOf(ctx context.Context) string {
	return strings.TrimSuffix(context.Cause(ctx).Error(), " signal received")
}
