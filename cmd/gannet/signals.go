package main

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// heedIdly logs the signals that mean something to a parent of workers only, until
// the returned function is called: they must not end a server that serves alone.
func heedIdly(log *slog.Logger) (ignore func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGUSR2)
	go func() {
		for got := range signals {
			log.Info("there is nothing to reload, and one process is not replaced: see --workers", "signal", got.String())
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}
