package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/state/redis"
)

func newTokenCommand() *cobra.Command {
	var (
		secretFile config.File
		ttl        time.Duration
		claims     auth.Claims
	)
	c := &cobra.Command{
		Use:   "token",
		Short: "Make a member's token, for trying out",
		Long: `Make a token (JWT, HS256) that lets a member join channels on a hub with the same
secret. What a member may say there is another matter: talk rights are in Redis.
In operation the control plane makes the tokens.`,
		Example: `  talkgate token --secret-file hub.secret --user north-gate --channel gates > north-gate.token
  talkgate token --secret-file hub.secret --user desk --role DISPATCH --channel gates --channel yard --ttl 12h`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			secret, err := readTokenSecret("--secret-file", secretFile)
			if err != nil {
				return err
			}
			if ttl <= 0 {
				return usageError{fmt.Errorf("--ttl: expected more than 0s, found %s", ttl)}
			}
			if !slices.Contains(roles(), claims.Role) {
				return usageError{fmt.Errorf("--role: expected one of %s, found %q", strings.Join(roles(), ", "), claims.Role)}
			}
			now := time.Now()
			claims.IssuedAt, claims.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(ttl))
			token, err := claims.Sign(secret)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	}
	f := c.Flags()
	f.StringVar((*string)(&secretFile), "secret-file", "", "file that holds the hub's secret (required)")
	f.StringVar(&claims.UserID, "user", "", "the member's ID (required)")
	f.StringVar(&claims.UserName, "name", "", "the member's name")
	f.StringSliceVar(&claims.ChannelIDs, "channel", nil, "channel the member may join; may be repeated")
	f.StringVar(&claims.Role, "role", "GENERAL", "role in the event: USER, GENERAL, DISPATCH or ADMIN")
	f.StringVar(&claims.GlobalRole, "global-role", "", "role everywhere: ADMIN, or none")
	f.StringVar(&claims.EventID, "event", "", "ID of the event the channels belong to")
	f.DurationVar(&ttl, "ttl", time.Hour, "how long the token is good for")
	for _, required := range []string{"secret-file", "user", "channel"} {
		_ = c.MarkFlagRequired(required) // it exists
	}
	_ = c.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roles(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

// readTokenSecret reads the secret that signs tokens from the file that flag names.
func readTokenSecret(flag string, file config.File) ([]byte, error) {
	secret, err := config.Secret(flag, file)
	if err == nil && len(secret) < auth.MinSecret {
		err = config.Mistake{Err: fmt.Errorf("%s: %s: expected a secret of %d random bytes or more, found %d: make one as 'talkgate hub --help' shows",
			flag, file, auth.MinSecret, len(secret))}
	}
	return []byte(secret), err
}

// roles are those of a member in an event.
func roles() []string {
	return []string{string(redis.RoleUser), string(redis.RoleGeneral), string(redis.RoleDispatch), string(redis.RoleAdmin)}
}
