package room

import (
	"sync"

	"github.com/talkgate/talkgate/gateway/link/livekit/wire"
)

// Member is somebody in the room.
type Member struct {
	// SID is of this session of the member, Identity is who it is.
	SID, Identity string
	// CanPublish is whether the server lets it send.
	CanPublish bool
	// Tracks are the IDs of what it publishes, Muted those that are muted.
	Tracks, Muted []string
}

// roster is who is in the room, by the server's IDs of their sessions.
type roster struct {
	mu      sync.Mutex
	members map[string]Member
}

func (r *roster) update(infos []*wire.ParticipantInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range infos {
		if p.GetState() == wire.ParticipantInfo_DISCONNECTED {
			delete(r.members, p.GetSid())
			continue
		}
		m := Member{SID: p.GetSid(), Identity: p.GetIdentity(), CanPublish: p.GetPermission().GetCanPublish()}
		for _, t := range p.GetTracks() {
			m.Tracks = append(m.Tracks, t.GetSid())
			if t.GetMuted() {
				m.Muted = append(m.Muted, t.GetSid())
			}
		}
		r.members[p.GetSid()] = m
	}
}

// identity is who has a session; empty if nobody knows.
func (r *roster) identity(sid string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.members[sid].Identity
}

func (r *roster) all() []Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Member, 0, len(r.members))
	for _, m := range r.members {
		all = append(all, m)
	}
	return all
}
