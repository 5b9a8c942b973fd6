package flight

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// The files of an archive.
const (
	aboutFile  = "recording.json"
	eventsFile = "events.jsonl"
	sentFile   = "sent.ogg"
	heardFile  = "heard.ogg"
)

// eventLine is a line of events.jsonl: an event, or a spurt of sound.
type eventLine struct {
	AtMs   float64         `json:"atMs"` // since Recording.Start
	Kind   string          `json:"kind"` // event, sent or heard
	Ms     float64         `json:"ms,omitempty"`
	Frames int             `json:"frames,omitempty"`
	Event  json.RawMessage `json:"event,omitempty"`
}

// WriteArchive writes the recording as an archive.
func (r Recording) WriteArchive(w io.Writer) (err error) {
	z := zip.NewWriter(w)
	put := func(name string, write func(io.Writer) error) {
		if err != nil {
			return
		}
		// Opus does not shrink any further.
		method := zip.Deflate
		if name == sentFile || name == heardFile {
			method = zip.Store
		}
		var f io.Writer
		if f, err = z.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: r.Start}); err == nil {
			err = write(f)
		}
	}
	from, to := r.Span()
	sent, heard := place(r.Entries, Sent), place(r.Entries, Heard)
	for _, f := range [][]placed{sent, heard} {
		if len(f) > 0 {
			from, to = min(from, f[0].at), max(to, f[len(f)-1].end())
		}
	}
	put(aboutFile, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(header{r, ms(from), ms(to)})
	})
	put(eventsFile, func(w io.Writer) error { return writeLines(w, r.timeline(sent, heard)) })
	put(sentFile, func(w io.Writer) error { return writeOgg(w, sent, from, to) })
	put(heardFile, func(w io.Writer) error { return writeOgg(w, heard, from, to) })
	return errors.Join(err, z.Close())
}

// header is recording.json.
type header struct {
	Recording
	FromMs float64 `json:"fromMs"` // when the sound begins, since Start
	ToMs   float64 `json:"toMs"`
}

func writeLines(w io.Writer, lines []eventLine) error {
	to := json.NewEncoder(w)
	for _, l := range lines {
		if err := to.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Archive is a recording as it was kept.
type Archive struct {
	header
	Lines       []eventLine
	Sent, Heard []byte // Ogg Opus
}

// maxFile bounds what is read of a file in an archive, in bytes.
const maxFile = 64 << 20

// ReadArchive reads what Recording.WriteArchive wrote.
func ReadArchive(b []byte) (a Archive, err error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return Archive{}, fmt.Errorf("expected a recording of talkgate, which is a zip archive: %w", err)
	}
	files := map[string][]byte{}
	for _, name := range []string{aboutFile, eventsFile, sentFile, heardFile} {
		if files[name], err = readFile(z, name); err != nil {
			return Archive{}, fmt.Errorf("expected a recording of talkgate: %s: %w", name, err)
		}
	}
	if err := json.Unmarshal(files[aboutFile], &a.header); err != nil {
		return Archive{}, fmt.Errorf("%s: %w", aboutFile, err)
	}
	for lines := json.NewDecoder(bytes.NewReader(files[eventsFile])); ; {
		var l eventLine
		if err := lines.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return Archive{}, fmt.Errorf("%s, line %d: %w", eventsFile, len(a.Lines)+1, err)
		}
		a.Lines = append(a.Lines, l)
	}
	a.Sent, a.Heard = files[sentFile], files[heardFile]
	return a, nil
}

func readFile(z *zip.Reader, name string) (_ []byte, err error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if len(b) > maxFile {
		return nil, fmt.Errorf("expected %d bytes or fewer", maxFile)
	}
	return b, err
}
