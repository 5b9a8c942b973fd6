package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/boards"
	"github.com/talkgate/talkgate/gateway/setup"
)

// radios are the USB radio interfaces on which squelch and PTT may be.
// answer is one thing that init has to be told.
type answer struct {
	flag, usage, value string
	words              []string // what is offered
}

// newAnswers are all that init asks for.
func newAnswers() []*answer {
	return []*answer{
		{flag: "user", usage: "ID of the port among the members"},
		{flag: "name", usage: "name shown to the others"},
		{flag: "channel", usage: "ID of the channel"},
		{flag: "redis", usage: "URL of Redis", value: "redis://127.0.0.1:6379/0"},
		{flag: "hub", usage: "URL of the hub", value: "http://127.0.0.1:8080"},
		{flag: "token", usage: "file that holds the port's token", value: "credential:token"},
		{flag: "board", usage: "the board, or the label of its GPIO chip, none for no lines of its own, or sim for a virtual radio", value: "pi4", words: slices.Sorted(maps.Keys(boards.Chips()))},
		{flag: "line", usage: "line of the push-to-talk button, to ground, or none", value: boards.Line("ptt")},
		{flag: "sound", usage: "the sound card, or its ALSA ID, or usb:SOCKET", value: "cm108", words: slices.Sorted(maps.Keys(boards.CardIDs()))},
		{flag: "radio", usage: "the USB radio interface that the sound card is part of, with squelch and PTT", value: setup.None, words: append(boards.Radios(), setup.None)},
	}
}

func newInitCommand() *cobra.Command {
	answers := newAnswers()
	var output string
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a port's configuration, asking for what matters",
		Long: `Write a commented configuration that 'talkgate config check' accepts. What a flag
does not say is asked for on standard input; an empty answer takes what is shown
in brackets. 'talkgate doctor' then tells whether it fits the machine: 'gpiodetect',
'gpioinfo' and /proc/asound/cards have the names.`,
		Example: `  talkgate init --output north-gate.yaml
  talkgate init --user north --name "North" --channel gates --board pi5 --line GPIO17 --sound wm8960 --redis redis://10.0.0.2:6379 --hub http://10.0.0.2:8080 --token north.token
  talkgate init --user hill --name Hill --channel gates --board none --sound aioc --radio aioc`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := ask(cmd, answers); err != nil {
				return err
			}
			text, err := setup.Configuration(wiring(answers), told(answers, "redis"), told(answers, "hub"), told(answers, "token"))
			if err != nil {
				return usageError{err}
			}
			if output == "" {
				_, err = io.WriteString(cmd.OutOrStdout(), text)
				return err
			}
			return writeNew(output, text)
		},
	}
	for _, a := range answers {
		a.addFlag(c, a.value, "")
	}
	c.Flags().StringVarP(&output, "output", "o", "", "file to write, which must not exist (default: standard output)")
	return c
}

// addFlag gives the answer a flag, whose value a shell completes.
func (a *answer) addFlag(c *cobra.Command, value, remark string) {
	c.Flags().StringVar(&a.value, a.flag, value, a.usage+offered(a)+remark)
	if a.words != nil {
		_ = c.RegisterFlagCompletionFunc(a.flag, cobra.FixedCompletions(a.words, cobra.ShellCompDirectiveNoFileComp)) // it exists
	}
}

// told is the answer to a question.
func told(answers []*answer, flag string) string {
	if i := slices.IndexFunc(answers, func(a *answer) bool { return a.flag == flag }); i >= 0 {
		return answers[i].value
	}
	return ""
}

// wiring is what was told of the port and its hardware.
func wiring(all []*answer) setup.Answers {
	return setup.Answers{User: told(all, "user"), Name: told(all, "name"), Channel: told(all, "channel"),
		Board: told(all, "board"), Sound: told(all, "sound"), PTT: told(all, "line"), Radio: told(all, "radio")}
}

// offered lists the words of an answer.
func offered(a *answer) string {
	if a.words == nil {
		return ""
	}
	return ": " + strings.Join(a.words, ", ")
}

// ask asks for what no flag said. The end of the input takes what is left as it
// is.
func ask(cmd *cobra.Command, answers []*answer) error {
	lines := bufio.NewScanner(cmd.InOrStdin())
	for _, a := range answers {
		if cmd.Flags().Changed(a.flag) {
			continue
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s%s [%s]: ", a.usage, offered(a), a.value)
		if lines.Scan() && strings.TrimSpace(lines.Text()) != "" {
			a.value = strings.TrimSpace(lines.Text())
		}
		if a.value == "" {
			return usageError{fmt.Errorf("--%s: expected %s, found nothing", a.flag, a.usage)}
		}
	}
	return lines.Err()
}

// writeNew writes a file that is not there yet.
func writeNew(path, text string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer closing(&err, f.Close)
	_, err = f.WriteString(text)
	return err
}
