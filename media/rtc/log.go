package rtc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// PionLogs brings the WebRTC stack's logs into log.
func PionLogs(log *slog.Logger) logging.LoggerFactory { return pionLogs{log} }

// pionLogs brings the WebRTC stack's logs into ours. The stack warns of what is
// everyday here, a candidate that does not answer or a closed socket, so all
// but its errors is for debugging. What it writes for debugging itself is left
// out: it has the passwords of ICE in it.
type pionLogs struct{ log *slog.Logger }

func (p pionLogs) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{p.log.With("pion", scope)}
}

type pionLog struct{ log *slog.Logger }

func (p pionLog) Trace(string)          {}
func (p pionLog) Tracef(string, ...any) {}
func (p pionLog) Debug(string)          {}
func (p pionLog) Debugf(string, ...any) {}

func (p pionLog) Info(msg string)                { p.put(slog.LevelDebug, msg) }
func (p pionLog) Infof(format string, a ...any)  { p.put(slog.LevelDebug, format, a...) }
func (p pionLog) Warn(msg string)                { p.put(slog.LevelDebug, msg) }
func (p pionLog) Warnf(format string, a ...any)  { p.put(slog.LevelDebug, format, a...) }
func (p pionLog) Error(msg string)               { p.put(slog.LevelWarn, msg) }
func (p pionLog) Errorf(format string, a ...any) { p.put(slog.LevelWarn, format, a...) }

func (p pionLog) put(level slog.Level, format string, a ...any) {
	ctx := context.Background()
	if !p.log.Enabled(ctx, level) {
		return
	}
	if len(a) > 0 {
		format = fmt.Sprintf(format, a...)
	}
	p.log.Log(ctx, level, format) //nolint:sloglint // the text is the stack's own
}
