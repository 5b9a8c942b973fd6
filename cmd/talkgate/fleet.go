package main

import (
	"crypto/rand"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/fleet/operator"
	"github.com/talkgate/talkgate/state/fleet"
)

func newFleetCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "fleet",
		Short: "Configure many gateways at once, and see how that goes",
		Long: `Configure many gateways at once, and see how that goes. What they are told is in
Redis, signed; a gateway obeys it if its own file names the key (fleet.public_key).
Canaries try it first if so asked, and it goes no further when one of them fails.`,
		RunE: help,
	}
	c.AddCommand(
		newFleetKeygenCommand(),
		newFleetApplyCommand(),
		newFleetDiffCommand(),
		newFleetGetCommand(),
		newFleetStatusCommand(),
		newFleetHistoryCommand(),
		newFleetRollbackCommand(),
		newFleetWatchCommand(),
		newFleetForgetCommand(),
		newFleetParrotCommand(),
	)
	return c
}

func newFleetKeygenCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "keygen",
		Short: "Make a key that signs a fleet's configuration",
		Long: `Make a key that signs a fleet's configuration. The private key goes into a file
that only you may read; who has it configures every gateway, so keep it off the
gateways and out of Redis. The public key is printed as a gateway's own file has it.`,
		Example: "  talkgate fleet keygen --out fleet.key",
		RunE: func(cmd *cobra.Command, _ []string) error {
			seed := make([]byte, 32)
			if _, err := rand.Read(seed); err != nil {
				return err
			}
			key, err := fleet.NewKey(seed)
			if err != nil {
				return err
			}
			// A key that exists is not written over: its fleet would obey nobody.
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fmt.Errorf("--out: %w", err)
			}
			_, err = fmt.Fprintln(f, key.Secret())
			if closed := f.Close(); err == nil {
				err = closed
			}
			if err != nil {
				return fmt.Errorf("--out: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "fleet:\n  public_key: %q\n", key.Public().String())
			return err
		},
	}
	c.Flags().StringVar(&path, "out", "fleet.key", "new file for the private key")
	return c
}

// signer is whose word an apply is.
type signer struct {
	keyFile, author, reason string
}

func (s *signer) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&s.keyFile, "key", "fleet.key", "file that holds the fleet's private key")
	c.Flags().StringVar(&s.reason, "reason", "", "why, for the history")
	addActorFlag(c, &s.author)
}

// signature is the signer's, made with key.
func (s *signer) signature(key fleet.PrivateKey) operator.Signature {
	return operator.Signature{Author: s.author, Reason: s.reason, Key: key}
}

func (s *signer) key() (fleet.PrivateKey, error) {
	text, err := config.Secret("--key", config.File(s.keyFile))
	if err != nil {
		return nil, err
	}
	key, err := fleet.ParsePrivateKey(text)
	if err != nil {
		return nil, config.Mistake{Err: fmt.Errorf("--key: %w", err)}
	}
	return key, nil
}
