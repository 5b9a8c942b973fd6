package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/state/redis"
)

// dispatchTimeout is how long a dispatcher's command waits for Redis.
const dispatchTimeout = 5 * time.Second

// dispatch is what the dispatcher's commands have in common.
type dispatch struct {
	redis  config.Redis
	asJSON bool
}

func (d *dispatch) addFlags(c *cobra.Command) {
	addRedisFlags(c, &d.redis)
	c.Flags().BoolVar(&d.asJSON, "json", false, "print JSON, for scripts")
}

// addActorFlag lets a command say who does it.
func addActorFlag(c *cobra.Command, actor *string) {
	name := "talkgate"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	c.Flags().StringVar(actor, "as", name, "who does this, for the audit log")
}

// Run does one thing in Redis.
func (d *dispatch) run(cmd *cobra.Command, do func(ctx context.Context, state *redis.Client) error) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), dispatchTimeout)
	defer cancel()
	return d.open(cmd, func(state *redis.Client) error { return do(ctx, state) })
}

func (d *dispatch) open(cmd *cobra.Command, do func(state *redis.Client) error) (err error) {
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	state, err := options.OpenRedis(d.redis, log)
	if err != nil {
		return err
	}
	defer closing(&err, state.Close)
	return do(state)
}

// print writes v as JSON, or else what table writes: cells that end in a tab,
// rows that end in a newline.
func (d *dispatch) print(cmd *cobra.Command, v any, table func(w io.Writer)) error {
	if d.asJSON {
		return printJSON(cmd.OutOrStdout(), v)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	table(w)
	return w.Flush()
}

// printJSON writes v as one line.
func printJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, string(b))
	return err
}

// holderJSON is who has a floor.
type holderJSON struct {
	UserID   string     `json:"userId"`
	UserName string     `json:"userName"`
	Role     redis.Role `json:"role,omitempty"`
	Since    *time.Time `json:"since"`
	Epoch    uint64     `json:"epoch,omitempty"`
}

func newHolderJSON(h *redis.Holder) *holderJSON {
	if h == nil {
		return nil
	}
	j := &holderJSON{UserID: h.UserID, UserName: h.UserName, Role: h.Role, Epoch: h.Epoch}
	if !h.Since.IsZero() {
		j.Since = &h.Since
	}
	return j
}

// row is a holder in cells: user, name, role, since when.
func (j *holderJSON) row() string {
	if j == nil {
		return "-\t\t\t"
	}
	since := ""
	if j.Since != nil {
		since = j.Since.Local().Format(time.TimeOnly)
	}
	if j.UserID == "" {
		return "(unreadable)\t\t\t" + since
	}
	return strings.Join([]string{clean(j.UserID), clean(j.UserName), clean(string(j.Role)), since}, "\t")
}

// clean keeps what came from Redis from steering the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
