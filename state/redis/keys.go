package redis

// MembershipUpdates is where the control plane publishes a user's whole new
// list of channels.
const MembershipUpdates = "vp:membership_updates"

const (
	keyChannelEvents  = "channel:events"
	keyBanned         = "security:banned"
	keySecurityEvents = "security:events"
	keyAudit          = "audit:log"
	keySessions       = "sessions"
)

func keyLock(channel string) string       { return "channel:" + channel + ":speaker" }
func keyEvents(channel string) string     { return "channel:" + channel + ":events" }
func keyUsers(channel string) string      { return "channel:" + channel + ":users" }
func keyMembers(channel string) string    { return "g." + channel + ".u" }
func keyRights(userID string) string      { return "u." + userID + ".g" }
func keyBan(userID string) string         { return "security:ban:" + userID }
func keySession(userID string) string     { return "session:" + userID }
func keyAuditActor(actorID string) string { return "audit:actor:" + actorID }

// keyEpoch carries the lock's key as its hash tag, which puts both on one slot
// of a cluster.
func keyEpoch(channel string) string { return "talkgate:epoch:{" + keyLock(channel) + "}" }

// topicRights is where talkgate's own tools say that one user's rights changed;
// only that user's ports listen.
func topicRights(userID string) string { return "talkgate:rights:" + userID }

// topicAsk is where a gateway is asked something, topicAnswer where the answer to one
// question comes.
func topicAsk(gateway string) string { return "talkgate:ask:" + gateway }
func topicAnswer(id string) string   { return "talkgate:answer:" + id }
