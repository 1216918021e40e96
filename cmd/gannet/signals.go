package main

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// heedSignals acts on the signals of a server that serves alone, until the returned
// function is called: SIGHUP reloads, and SIGUSR2, which means something to a parent of
// workers only, does not end it.
func heedSignals(log *slog.Logger, reloads *reloader) (ignore func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGUSR2)
	go func() {
		for got := range signals {
			if got == syscall.SIGHUP {
				reloads.request()
				continue
			}
			log.Info("one process is not replaced: see --workers", "signal", got.String())
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}
