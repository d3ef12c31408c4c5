// Request bodies, read by our scanner and by Go's encoding/json, which is what
// Ollama reads them with.
//
//	go run tests/differential/main.go [-n COUNT] [-seed SEED] build/scanner
//
// Whatever the scanner accepts must be JSON to Go, and have the same strings.
// And what the scanner writes for the model server must, decoded into Ollama's
// own struct, ask exactly what is signed: the model, the prompt and the
// context, and where nothing else is covered nothing else at all.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"reflect"
	"strings"
)

// The fields and tags of Ollama 0.6.0, and behind them those of 0.24.0.
type generateRequest struct {
	Model     string          `json:"model"`
	Prompt    string          `json:"prompt"`
	Suffix    string          `json:"suffix"`
	System    string          `json:"system"`
	Template  string          `json:"template"`
	Context   []int           `json:"context,omitempty"`
	Stream    *bool           `json:"stream,omitempty"`
	Raw       bool            `json:"raw,omitempty"`
	Format    json.RawMessage `json:"format,omitempty"`
	KeepAlive any             `json:"keep_alive,omitempty"`
	Images    [][]byte        `json:"images,omitempty"`
	Options   map[string]any  `json:"options"`

	Think       any  `json:"think,omitempty"`
	Truncate    bool `json:"truncate,omitempty"`
	Shift       bool `json:"shift,omitempty"`
	Logprobs    bool `json:"logprobs,omitempty"`
	TopLogprobs int  `json:"top_logprobs,omitempty"`
}

// The fields that are relayed, in the order in which they are written.
var relayed = []string{"model", "prompt", "stream", "context", "system", "template", "suffix", "format", "raw",
	"images", "think", "truncate", "shift", "logprobs", "top_logprobs", "options"}

var sampling = []string{"num_keep", "seed", "num_predict", "top_k", "top_p", "min_p", "typical_p", "repeat_last_n",
	"temperature", "repeat_penalty", "presence_penalty", "frequency_penalty", "mirostat", "mirostat_tau",
	"mirostat_eta", "stop", "penalize_newline", "draft_num_predict"}

// --- bodies ---

type maker struct {
	*rand.Rand
	wild bool // the body may be bad
}

func (m maker) pick(of ...string) string { return of[m.Intn(len(of))] }

func (m maker) space() string {
	if m.Intn(4) > 0 {
		return ""
	}
	if m.wild && m.Intn(20) == 0 {
		return m.pick("\f", "\u00a0", "/**/", "\ufeff", "\x00")
	}
	return m.pick(" ", "\n", "\t", "\r", "  ", " \n\t\r ")
}

func (m maker) piece() string {
	switch m.Intn(24) {
	case 0:
		return fmt.Sprintf("\\u%04x", m.Intn(0xd800))
	case 1:
		return fmt.Sprintf("\\u%04X", m.Intn(0x80))
	case 2:
		return fmt.Sprintf("\\ud8%02x\\udc%02X", m.Intn(256), m.Intn(256))
	case 3:
		return m.pick(`\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r`, `\t`)
	case 4:
		return m.pick("é", "ſ", "K", "世", "🦀", "\u2028", "\u2029", "\u007f", "\ufeff", "\uffff", "\U0010ffff", "\ufffd")
	case 5:
		return m.pick(`\u0000`, `\u0000\u0000`, "<", ">", "&", "'", "{", "}", "[", "]", ":", ",", "{{.Prompt}}")
	case 6:
		if !m.wild || m.Intn(3) > 0 {
			break
		}
		return m.pick(`\ud800`, `\udc00`, `\ud800x`, `\ud800\u0041`, `\ud800\ud800`, `\x`, `\u12`, `\u+123`, `\U0041`, "\x00", "\x1f", "\n", "\xff",
			"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x80", "\xf0\x9f\xa6")
	}
	return m.pick("a", "the ", "Why is the sky blue?", "0", "model", "prompt", "cloud", "-cloud", ":", "llama3.2", "x")
}

func (m maker) str() string {
	var s strings.Builder
	for n := m.Intn(6); n > 0; n-- {
		s.WriteString(m.piece())
	}
	return `"` + s.String() + `"`
}

func (m maker) number() string {
	if m.Intn(3) > 0 {
		return fmt.Sprint(m.Intn(1000))
	}
	if !m.wild {
		return m.pick("0", "7", "128255", "2147483647")
	}
	return m.pick("0", "-0", "-1", "1.5", "1e2", "1E+2", "1e-400", "1e400", "2147483647", "2147483648", "-2147483649", "01", "1.", ".5",
		"+1", "0x1", "1e", "9223372036854775808", "18446744073709551616", "123456789012345678901234567890", "NaN", "1_0")
}

func (m maker) list(one func() string) string {
	var s []string
	for n := m.Intn(5); n > 0; n-- {
		s = append(s, m.space()+one()+m.space())
	}
	end := "]"
	if m.wild && m.Intn(60) == 0 {
		end = m.pick(",]", "}", "", "]]")
	}
	return "[" + strings.Join(s, ",") + m.space() + end
}

func (m maker) value(depth int) string {
	switch n := m.Intn(9); {
	case n == 0:
		return "null"
	case n == 1:
		if m.wild && m.Intn(5) == 0 {
			return m.pick("True", "nul", "tru", "nulll")
		}
		return m.pick("true", "false")
	case n == 2:
		return m.number()
	case n == 3 && depth > 0:
		return m.list(func() string { return m.value(depth - 1) })
	case n == 4 && depth > 0:
		return m.object(func() (string, string) { return m.str(), m.value(depth - 1) })
	case n == 5 && m.Intn(50) == 0:
		k := 120 + m.Intn(20)
		return strings.Repeat("[", k) + strings.Repeat("]", k)
	}
	return m.str()
}

func (m maker) object(member func() (string, string)) string {
	var s []string
	for n := m.Intn(5); n > 0; n-- {
		name, value := member()
		s = append(s, m.space()+name+m.space()+":"+m.space()+value+m.space())
	}
	return "{" + strings.Join(s, ",") + m.space() + "}"
}

// name spells a key as it is, or in another way, or as another key.
func (m maker) name(name string) string {
	switch m.Intn(30) {
	case 0:
		i := m.Intn(len(name))
		return `"` + name[:i] + fmt.Sprintf("\\u%04x", name[i]) + name[i+1:] + `"`
	case 1:
		return `"` + strings.ToUpper(name[:1]) + name[1:] + `"`
	case 2:
		return `"` + strings.ToUpper(name) + `"`
	case 3:
		return `"` + strings.NewReplacer("s", "ſ", "k", "K").Replace(name) + `"`
	case 4:
		return `"` + name + m.pick(" ", `\u0000`, "x", `\n`) + `"`
	}
	return `"` + name + `"`
}

func (m maker) base64() string {
	b := make([]byte, m.Intn(6))
	m.Read(b)
	s := base64.StdEncoding.EncodeToString(b)
	if m.wild && m.Intn(6) == 0 {
		s += m.pick("=", "A", "\\n", "-", " ", "\\u003d")
	}
	return `"` + s + `"`
}

func (m maker) options() string {
	return m.object(func() (string, string) {
		name := m.name(sampling[m.Intn(len(sampling))])
		switch m.Intn(8) {
		case 0:
			name = m.name(m.pick("num_ctx", "num_gpu", "foo"))
		case 1:
			return name, m.value(2)
		}
		return name, m.number()
	})
}

func (m maker) schema() string {
	return m.object(func() (string, string) {
		return m.pick(`"type"`, `"properties"`, `"items"`, `"required"`, `"enum"`, `"$ref"`, `"pattern"`, m.str()), m.value(3)
	})
}

func (m maker) field(name string) string {
	if m.wild && m.Intn(25) == 0 {
		return m.value(2)
	}
	if m.Intn(20) == 0 {
		return "null"
	}
	switch name {
	case "context":
		return m.list(m.number)
	case "stream", "raw", "truncate", "shift", "logprobs":
		return m.pick("true", "false")
	case "images":
		return m.list(m.base64)
	case "options":
		return m.options()
	case "format":
		return m.pick(`"json"`, `"js\u006fn"`, `""`, m.schema())
	case "think":
		return m.pick("true", `"high"`, `"l\u006fw"`)
	case "top_logprobs":
		return m.number()
	case "template":
		return m.pick(`"{{ .Prompt }}"`, `"{{ if .System }}x\u0041{{ end }}"`, m.str())
	}
	return m.str()
}

func (m maker) body() []byte {
	m.wild = m.Intn(2) == 0
	var s []string
	add := func(name string) {
		s = append(s, m.space()+m.name(name)+m.space()+":"+m.space()+m.field(name)+m.space())
	}
	for i, name := range append(relayed, "keep_alive") {
		if i < 2 && m.Intn(12) > 0 || m.Intn(8) == 0 {
			add(name)
		}
	}
	for n := m.Intn(6); m.wild && n > 4; n-- {
		add(relayed[m.Intn(len(relayed))])
	}
	for n := m.Intn(4); n > 2; n-- {
		s = append(s, m.str()+":"+m.value(3))
	}
	m.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
	text := []byte(m.space() + "{" + strings.Join(s, ",") + "}" + m.space())
	for m.wild && m.Intn(5) == 0 {
		text = m.mutate(text)
	}
	return text
}

func (m maker) mutate(text []byte) []byte {
	if len(text) == 0 {
		return text
	}
	i := m.Intn(len(text))
	switch m.Intn(4) {
	case 0:
		text[i] ^= 1 << m.Intn(8)
	case 1:
		text = append(text[:i], text[i+1:]...)
	case 2:
		text = append(text[:i], append([]byte(m.pick("\"", "\\", "{", "}", "[", "]", ",", ":", "0", "\x00", "\xef\xbb\xbf")), text[i:]...)...)
	case 3:
		text = text[:i]
	}
	return text
}

// --- what the scanner says ---

type verdict struct {
	code                             byte // 0 accepted, 1 not JSON, 2 refused otherwise
	covered                          bool
	model, prompt, context, upstream []byte
}

func readText(r io.Reader) ([]byte, error) {
	var n uint32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

func readVerdict(r *bufio.Reader) (v verdict, err error) {
	if v.code, err = r.ReadByte(); err != nil || v.code != 0 {
		return v, err
	}
	covered, err := r.ReadByte()
	v.covered = covered == 1
	for _, to := range []*[]byte{&v.model, &v.prompt, &v.context, &v.upstream} {
		if err == nil {
			*to, err = readText(r)
		}
	}
	return v, err
}

// --- what Go says ---

// tooLarge: a number that no float64 holds; Go, and so Ollama, refuses it.
func tooLarge(err error) bool {
	var wrong *json.UnmarshalTypeError
	return errors.As(err, &wrong) && strings.HasPrefix(wrong.Value, "number")
}

func text(raw json.RawMessage) (s string, err error) {
	if raw != nil {
		err = json.Unmarshal(raw, &s)
	}
	return s, err
}

func integers(raw []byte) (n []int, err error) {
	if raw != nil {
		err = json.Unmarshal(raw, &n)
	}
	return n, err
}

func sameIntegers(a, b []int) bool {
	return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b))
}

func checkStrings(fields map[string]json.RawMessage, v verdict) error {
	model, err := text(fields["model"])
	if err != nil || model != string(v.model) {
		return fmt.Errorf("model: %q %v", model, err)
	}
	prompt, err := text(fields["prompt"])
	if err != nil || prompt != string(v.prompt) {
		return fmt.Errorf("prompt: %q %v", prompt, err)
	}
	theirs, err := integers(fields["context"])
	if err != nil {
		return fmt.Errorf("context: %v", err)
	}
	ours, err := integers(v.context)
	if err != nil || !sameIntegers(theirs, ours) || bytes.ContainsAny(v.context, " \t\r\n") {
		return fmt.Errorf("context: %v %v %v", theirs, ours, err)
	}
	return nil
}

// keys of the outer object, as they are written.
func keys(body []byte) (names []string) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.Token()
	for d.More() {
		name, _ := d.Token()
		names = append(names, fmt.Sprint(name))
		var skipped json.RawMessage
		d.Decode(&skipped)
	}
	return names
}

// Each name at most once, in the order of the table, and the first four always.
func checkKeys(names []string, covered bool) error {
	if len(names) < 4 || !reflect.DeepEqual(names[:4], relayed[:4]) || covered && len(names) != 4 {
		return fmt.Errorf("keys: %q", names)
	}
	rest := names[4:]
	for _, name := range relayed[4:] {
		if len(rest) > 0 && rest[0] == name {
			rest = rest[1:]
		}
	}
	if len(rest) > 0 || covered != (len(names) == 4) {
		return fmt.Errorf("keys: %q, covered %v", names, covered)
	}
	return nil
}

// sameOptions: the sampling options are there, but for null, and no others.
func sameOptions(asked, sent json.RawMessage) bool {
	var a, b map[string]json.RawMessage
	if json.Unmarshal(asked, &a) != nil || json.Unmarshal(sent, &b) != nil {
		return false
	}
	for _, name := range sampling {
		if value := a[name]; value != nil && string(value) != "null" {
			if !same(name, value, b[name]) {
				return false
			}
			delete(b, name)
		}
	}
	return len(b) == 0
}

// same: whether a field means the same in both, to Go.
func same(name string, asked, sent json.RawMessage) bool {
	var a, b any
	if name == "options" {
		return sameOptions(asked, sent)
	}
	for text, to := range map[*json.RawMessage]*any{&asked: &a, &sent: &b} {
		d := json.NewDecoder(bytes.NewReader(*text))
		d.UseNumber() // some are larger than any float64
		if d.Decode(to) != nil {
			return false
		}
	}
	return reflect.DeepEqual(a, b)
}

func checkUpstream(fields map[string]json.RawMessage, v verdict) error {
	var ask generateRequest
	var sent map[string]json.RawMessage
	names := keys(v.upstream)

	if err := checkKeys(names, v.covered); err != nil {
		return err
	}
	if err := json.Unmarshal(v.upstream, &ask); tooLarge(err) {
		return nil
	} else if err != nil {
		return err
	}
	if err := json.Unmarshal(v.upstream, &sent); err != nil {
		return err
	}
	context, err := integers(v.context)
	if err != nil || ask.Model != string(v.model) || ask.Prompt != string(v.prompt) ||
		ask.Stream == nil || *ask.Stream || ask.KeepAlive != nil || !sameIntegers(ask.Context, context) {
		return fmt.Errorf("asked: %+v", ask)
	}
	for _, name := range names[4:] {
		if !same(name, fields[name], sent[name]) {
			return fmt.Errorf("%s: %s became %s", name, fields[name], sent[name])
		}
	}
	return nil
}

func check(body []byte, v verdict) error {
	var fields map[string]json.RawMessage

	if v.code == 1 && json.Valid(body) && !bytes.Contains(body, []byte(`\u`)) {
		return errors.New("refused as not JSON")
	}
	if v.code != 0 {
		return nil
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		return err
	}
	if err := checkStrings(fields, v); err != nil {
		return err
	}
	return checkUpstream(fields, v)
}

// --- both ---

func feed(to io.WriteCloser, bodies chan<- []byte, m maker, count int) {
	w := bufio.NewWriterSize(to, 1<<16)
	for ; count > 0; count-- {
		body := m.body()
		bodies <- body
		binary.Write(w, binary.LittleEndian, uint32(len(body)))
		w.Write(body)
	}
	w.Flush()
	to.Close()
	close(bodies)
}

func die(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}

func main() {
	count := flag.Int("n", 100000, "bodies")
	seed := flag.Int64("seed", 1, "of the generator")
	flag.Parse()

	scanner := exec.Command(flag.Arg(0))
	scanner.Stderr = os.Stderr
	in, err := scanner.StdinPipe()
	if err != nil {
		die(err)
	}
	out, err := scanner.StdoutPipe()
	if err != nil {
		die(err)
	}
	if err := scanner.Start(); err != nil {
		die(err)
	}
	bodies := make(chan []byte, 1<<16)
	go feed(in, bodies, maker{Rand: rand.New(rand.NewSource(*seed))}, *count)

	from, accepted, covered, total := bufio.NewReaderSize(out, 1<<16), 0, 0, 0
	for body := range bodies {
		v, err := readVerdict(from)
		if err == nil {
			err = check(body, v)
		}
		if err != nil {
			die(fmt.Sprintf("%q\n%q\n%v", body, v.upstream, err))
		}
		total++
		if v.code == 0 {
			accepted++
		}
		if v.covered {
			covered++
		}
	}
	if err := scanner.Wait(); err != nil {
		die(err)
	}
	fmt.Printf("%d bodies, %d accepted, %d of them covered\n", total, accepted, covered)
}
