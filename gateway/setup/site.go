package setup

import (
	"fmt"
	"os"
	"strings"

	"github.com/talkgate/talkgate/gateway/config"
)

// siteText is what siteFile says: URL and user of the site's Redis, and where the password
// is.
func siteText(url string) []byte { return lines(url, dispatchUser, dispatchFile) }

// SiteRedis is the Redis of the site that was set up on this machine, for the commands of
// root; others, and other machines, have Redis' own default.
func SiteRedis(m Machine) config.Redis {
	text, err := os.ReadFile(m.Path(siteFile))
	var url, user, password string
	if _, scanned := fmt.Sscan(string(text), &url, &user, &password); err != nil || scanned != nil || !strings.HasPrefix(url, "redis") {
		return config.Redis{URL: "redis://127.0.0.1:6379/0"}
	}
	return config.Redis{URL: config.URL(url), Username: user, PasswordFile: config.File(m.Path(password))}
}
