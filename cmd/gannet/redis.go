package main

import (
	"errors"
	"log/slog"

	"github.com/gannet-ws/gannet/bus/redis"
)

// redisFlags are the settings of Redis, with secrets from files.
type redisFlags struct {
	redis.Options

	PasswordFile         string `name:"redis-password-file" help:"File that holds the password of Redis." placeholder:"FILE"`
	SentinelPasswordFile string `name:"redis-sentinel-password-file" help:"File that holds the password of Sentinels." placeholder:"FILE"`
}

// open returns the bus to other nodes, which has not connected yet. It returns nil
// where there is no Redis.
func (f *redisFlags) open(log *slog.Logger) (*redis.Bus, error) {
	if len(f.URL) == 0 {
		if f.Required {
			return nil, errors.New("redis-required needs redis-url")
		}
		return nil, nil
	}
	f.Log = log
	err := errors.Join(
		readSecret("redis-password", &f.Password, f.PasswordFile),
		readSecret("redis-sentinel-password", &f.SentinelPassword, f.SentinelPasswordFile),
	)
	if err != nil {
		return nil, err
	}
	return redis.New(f.Options)
}
