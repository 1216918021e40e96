package main

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/gannet-ws/gannet/core"
)

// reloader has a running process take what it can of settings that have changed: it
// reads all of them again, with the files that they name, and takes its steps. The
// steps and the manager are set before run is called, and belong to its goroutine from
// then on.
type reloader struct {
	command  *serveCommand
	args     []string       // of the command line
	began    map[string]any // the settings at the start, by name
	steps    []reloadStep
	tells    func(setting string) bool // whether it is this process that says of a setting that it cannot be taken
	remedy   string                    // what has such a setting taken
	passesOn bool                      // others reload, too, and say what nothing has changed for
	requests chan struct{}             // one may wait
	manager  *manager                  // is told of it, nil if there is none
}

// reloadStep is how a part of the process takes some of the settings. take names
// what has changed, if anything has. If it fails all stays as it is.
type reloadStep struct {
	settings []string
	take     func(next *serveCommand) (changed string, err error)
}

// parentSettings are those that a parent of workers heeds itself.
var parentSettings = []string{"addr", "admin-addr", "workers", "worker-start-timeout", "log-format"}

// newReloader returns the reloader of a command whose flags have the values that the
// command line and its surroundings give them. Its one step is the log level.
func (s *serveCommand) newReloader(command *kong.Context, parent *parent) *reloader {
	r := &reloader{command: s, args: command.Args, began: settingsOf(command), requests: make(chan struct{}, 1)}
	ofParent := func(setting string) bool { return slices.Contains(parentSettings, setting) }
	switch {
	case parent != nil:
		r.tells, r.remedy = func(setting string) bool { return !ofParent(setting) }, "SIGUSR2 has the workers replaced by some that take them"
	case s.Workers > 1:
		r.tells, r.remedy, r.passesOn = ofParent, "a restart takes them", true
	default:
		r.tells, r.remedy = func(string) bool { return true }, "a restart takes them"
	}
	r.add(s.reloadLevel, "log-level")
	return r
}

// add adds a step that takes some settings.
func (r *reloader) add(take func(next *serveCommand) (changed string, err error), settings ...string) {
	r.steps = append(r.steps, reloadStep{settings, take})
}

// request has the settings read again, soon. Any goroutine may call it.
func (r *reloader) request() {
	select {
	case r.requests <- struct{}{}:
	default: // who waits already is served by settings that are read later
	}
}

// run reads them whenever that is requested, until ctx ends.
func (r *reloader) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.requests:
			r.manager.around(func() { r.reload(ctx) })
		}
	}
}

// reload takes settings with which gannet could be started now. Of others it takes
// none, and says why. What has been taken is said, and what cannot be; that nothing has
// changed only where neither is, and nobody else says it.
func (r *reloader) reload(ctx context.Context) {
	log := r.command.Server.Log
	next, settings, err := readServe(ctx, r.args)
	if err != nil {
		log.Error("nothing is reloaded: with the settings as they are now gannet would not start", "error", err)
		return
	}
	var changed []string
	for _, step := range r.steps {
		what, err := step.take(next)
		if err != nil {
			log.Error("not all is reloaded", "error", err)
		}
		if what != "" {
			changed = append(changed, what)
		}
	}
	left := r.left(settings)
	if len(changed) > 0 || len(left) == 0 && !r.passesOn {
		log.Info("the settings have been reloaded", "changed", cmp.Or(strings.Join(changed, ", "), "nothing"))
	}
	if len(left) > 0 {
		log.Warn("some settings have changed that cannot be reloaded: "+r.remedy, "settings", strings.Join(left, ", "))
	}
}

// left returns the names of the settings that are not those of the start and that no
// step takes.
func (r *reloader) left(settings map[string]any) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		takes := func(step reloadStep) bool { return slices.Contains(step.settings, name) }
		if r.tells(name) && !slices.ContainsFunc(r.steps, takes) && !reflect.DeepEqual(settings[name], r.began[name]) {
			names = append(names, name)
		}
	}
	return names
}

// readServe returns what a command line of gannet serve means now, with secrets read
// from their files, or why gannet would not start.
func readServe(ctx context.Context, args []string) (*serveCommand, map[string]any, error) {
	var c cli
	parser, err := newParser(ctx, &c, io.Discard)
	if err != nil {
		return nil, nil, err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return nil, nil, err
	}
	if err := refuseZeros(command.Flags()); err != nil {
		return nil, nil, err
	}
	settings := settingsOf(command)
	if err := c.Serve.check(); err != nil {
		return nil, nil, err
	}
	return &c.Serve, settings, nil
}

// settingsOf returns the values of a command's flags, by name.
func settingsOf(command *kong.Context) map[string]any {
	settings := map[string]any{}
	for _, flag := range command.Flags() {
		settings[flag.Name] = flag.Target.Interface()
	}
	return settings
}

// reloadLevel takes the log level.
func (s *serveCommand) reloadLevel(next *serveCommand) (changed string, err error) {
	level := levelOf(next.LogLevel)
	if level == s.level.Level() {
		return "", nil
	}
	s.level.Set(level)
	return "log-level", nil
}

// keysReloader returns a step that has a server take the keys of tokens.
func (s *serveCommand) keysReloader(server *core.Server) func(*serveCommand) (string, error) {
	current := keysOf(&s.Server)
	return func(next *serveCommand) (changed string, err error) {
		warn(s.Server.Log, next.shortSecret())
		keys := keysOf(&next.Server)
		if reflect.DeepEqual(keys, current) {
			return "", nil
		}
		if err := server.SetKeys(keys); err != nil {
			return "", err
		}
		current = keys
		return "keys of tokens", nil
	}
}

// keySettings are the settings that keysReloader takes.
var keySettings = []string{"jwt-secret", "jwt-secret-file", "jwt-secret-encoding", "jwt-public-key-file"}

// levelOf is a log level by one of the names that the flag takes.
func levelOf(name string) (level slog.Level) {
	_ = level.UnmarshalText([]byte(name))
	return level
}
