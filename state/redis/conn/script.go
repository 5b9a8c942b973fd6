package conn

import (
	"context"
	"errors"

	goredis "github.com/redis/go-redis/v9"
)

// Script is one atomic step in Lua. It keeps its source, which Open loads beforehand.
type Script struct {
	*goredis.Script
	source string
}

// NewScript returns a script.
func NewScript(source string) Script { return Script{goredis.NewScript(source), source} }

// Missing reports whether err says that a value is absent, which is no failure.
func Missing(err error) bool { return errors.Is(err, goredis.Nil) }

// Execute runs a pipeline and returns the first error of any of its commands. A missing
// value is no error. (Exec stops at the first of either, so it would hide a refusal
// behind a missing value.)
func Execute(ctx context.Context, p goredis.Pipeliner) error {
	commands, err := p.Exec(ctx)
	for _, c := range commands {
		if err := c.Err(); err != nil && !Missing(err) {
			return err
		}
	}
	if Missing(err) {
		return nil
	}
	return err
}
