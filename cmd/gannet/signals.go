package main

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// heedAlone acts on the signals of a server that serves alone, until the returned
// function is called: SIGHUP asks for a new look at the certificate, if reloads is
// not nil. The others mean something to a parent of workers only, and are logged:
// they must not end it.
func heedAlone(log *slog.Logger, reloads chan<- struct{}) (ignore func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGUSR2)
	go func() {
		for got := range signals {
			if got != syscall.SIGHUP || reloads == nil {
				log.Info("there is nothing to reload, and one process is not replaced: see --workers", "signal", got.String())
				continue
			}
			select {
			case reloads <- struct{}{}:
			default: // one waits already
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}
