package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/hal/evdev"
)

func newInputsCommand() *cobra.Command {
	var asJSON, learn bool
	c := &cobra.Command{
		Use:   "inputs",
		Short: "List foot switches and other devices with keys, and learn which key is pressed",
		Long: `List the input devices that have keys, such as foot switches, speaker microphones on
USB and Bluetooth buttons, by the name that the configuration takes. With --learn, wait
until a key is pressed and print what to write for it.`,
		Example: `  talkgate inputs
  sudo talkgate inputs --learn`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			if learn {
				fmt.Fprintln(cmd.ErrOrStderr(), "press the key; Ctrl-C ends")
				key, err := evdev.Learn(cmd.Context())
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(out, "ptt: {input: %q, key: %s}\n", key.Device, key.Name)
				return err
			}
			all, err := evdev.List()
			if err != nil {
				return err
			}
			return printInputs(out, all, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	c.Flags().BoolVar(&learn, "learn", false, "wait for a key, and print what the configuration needs")
	return c
}

// inputJSON is an input device.
type inputJSON struct {
	Input string   `json:"input"` // as the configuration names it
	Name  string   `json:"name,omitempty"`
	Keys  []string `json:"keys"`
}

func printInputs(out io.Writer, all []evdev.Device, asJSON bool) error {
	devices := []inputJSON{}
	for _, d := range all {
		devices = append(devices, inputJSON{d.Use(), d.Name, d.Keys})
	}
	if asJSON {
		return printJSON(out, devices)
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, d := range devices {
		const most = 8 // that are shown
		fmt.Fprintf(w, "%s\t%s\t%d keys: %s\n", clean(d.Input), clean(d.Name), len(d.Keys), strings.Join(d.Keys[:min(most, len(d.Keys))], " "))
	}
	return w.Flush()
}
