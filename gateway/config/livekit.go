package config

// LiveKitLink is a membership of LiveKit's rooms, of which each is a channel. Its
// tokens are made from an API key, or fetched.
type LiveKitLink struct {
	URL          URL    `yaml:"url" need:"true" schemes:"ws wss" example:"wss://livekit.example" doc:"LiveKit's server, or what balances the load of several"`
	FallbackURLs string `yaml:"fallback_urls" match:"^(wss?://[^\\s@\\p{C}]+ *)*$" as:"URLs ws:// or wss://, parted by blanks" within:"0..2048" doc:"other nodes of the same LiveKit, tried when url cannot be reached"`
	KeyFile      File   `yaml:"key_file" doc:"file with the line 'KEY: SECRET' as in livekit-server's key file, from which tokens are made; empty asks token_url"`
	TokenURL     URL    `yaml:"token_url" schemes:"http https" doc:"token endpoint in LiveKit's format, asked for each connection; empty uses key_file"`
	BearerFile   File   `yaml:"bearer_file" doc:"file that holds the bearer token for token_url; empty is none"`
	GuardGrants  bool   `yaml:"guard_grants" doc:"make tokens without the permission to publish, which 'talkgate guard --grant' gives; needs key_file"`
	Monitor      string `yaml:"monitor" match:"^[^{}/\\p{C}]*$" as:"IDs of channels, parted by blanks" within:"0..1024" doc:"further channels that are listened on, the most important first"`
}

// livekit checks that there is one way to a token.
func (d *decoder) livekit(l LiveKitLink) {
	switch {
	case l.KeyFile == "" && l.TokenURL == "":
		d.relation("link.key_file", "link.kind", "a file, or link.token_url", "neither")
	case l.KeyFile != "" && l.TokenURL != "":
		d.relation("link.key_file", "link.token_url", "none, as link.token_url gives the token", "one")
	case l.GuardGrants && l.KeyFile == "":
		d.relation("link.guard_grants", "link.token_url", "false, as the token endpoint says what a token permits", "true")
	case l.BearerFile != "" && l.TokenURL == "":
		d.relation("link.bearer_file", "link.key_file", "none, as there is no link.token_url", "one")
	}
}
