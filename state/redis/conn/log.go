package conn

import (
	"context"
	"fmt"
	"log/slog"

	goredis "github.com/redis/go-redis/v9"
)

// LogTo sends what go-redis itself has to say to a logger, at debug level: what
// matters of it is reported as errors too. It holds for the whole process and is
// for main to call, once.
func LogTo(log *slog.Logger) { goredis.SetLogger(driverLog{log}) }

type driverLog struct{ log *slog.Logger }

// Printf implements go-redis's logger.
func (d driverLog) Printf(ctx context.Context, format string, v ...any) {
	d.log.DebugContext(ctx, "redis driver", "text", fmt.Sprintf(format, v...))
}
