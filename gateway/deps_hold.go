//go:build tools

package gateway

import (
	_ "github.com/Shopify/toxiproxy/v2"
	_ "github.com/alicebob/miniredis/v2"
	_ "github.com/anishathalye/porcupine"
	_ "github.com/chromedp/chromedp"
	_ "github.com/goccy/go-yaml"
	_ "github.com/golang-jwt/jwt/v5"
	_ "github.com/invopop/jsonschema"
	_ "github.com/pion/opus"
	_ "github.com/pion/rtp"
	_ "github.com/pion/webrtc/v4"
	_ "github.com/prometheus/client_golang/prometheus"
	_ "github.com/redis/go-redis/v9"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "github.com/spf13/cobra"
	_ "github.com/thesyncim/gopus"
	_ "go.uber.org/goleak"
	_ "golang.org/x/sync/errgroup"
	_ "periph.io/x/conn/v3/gpio"
	_ "pgregory.net/rapid"
)
