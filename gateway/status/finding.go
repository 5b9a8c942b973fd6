package status

// Finding is what one check found.
type Finding struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	// Found is what is there, Do what to do about it where that is not right.
	Found string `json:"found"`
	Do    string `json:"do,omitempty"`
}
