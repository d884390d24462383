package testcheck

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// keyringPrograms are what a Keyring needs; `.ci/run` installs them.
var keyringPrograms = []string{"dbus-run-session", "dbus-send", "gnome-keyring-daemon", "secret-tool"}

// Keyring is a D-Bus session of its own with a real gnome-keyring-daemon in it,
// whose default collection is unlocked.
type Keyring struct {
	// Env is what a process of the session has in its environment.
	Env []string

	t   testing.TB
	pid string // of gnome-keyring-daemon
}

// keyringSession starts the daemon and says where it is; it ends with its stdin.
const keyringSession = `
printf password | gnome-keyring-daemon --unlock --foreground --components=secrets >/dev/null 2>&1 &
echo "$! $DBUS_SESSION_BUS_ADDRESS"
read -r end
kill -9 $!
`

// StartKeyring starts a session that ends with the test. Without the programs
// the test is skipped, in print, but in CI it fails.
func StartKeyring(t testing.TB) *Keyring {
	t.Helper()
	for _, name := range keyringPrograms {
		if _, err := exec.LookPath(name); err != nil {
			Missing(t, name)
		}
	}
	// Not t.TempDir, whose path holds the name of the test: that of a socket is
	// bounded to 108 bytes (unix(7)).
	home, err := os.MkdirTemp("", "keyring-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	run := home + "/run"
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + run}
	session := exec.Command("dbus-run-session", "--", "sh", "-c", keyringSession)
	session.Env = env
	stdin, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start(); err != nil {
		t.Fatal(err)
	}
	k := &Keyring{t: t}
	t.Cleanup(func() {
		k.Resume()
		_ = stdin.Close()
		_ = session.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	var address string
	if _, scanErr := fmt.Sscan(line, &k.pid, &address); err != nil || scanErr != nil {
		t.Fatal("no D-Bus session: ", err, scanErr)
	}
	k.Env = append(env, "DBUS_SESSION_BUS_ADDRESS="+address)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		// Not a call to the service itself: D-Bus would start a second daemon for it.
		out, err := k.run("", "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus",
			"org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets")
		if err == nil && strings.Contains(out, "boolean true") {
			if out, err = k.send("org.freedesktop.Secret.Service.ReadAlias", "string:default"); err == nil && strings.Contains(out, "/collection/") {
				return k
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("gnome-keyring-daemon has no default collection: %v", err)
		}
	}
}

// Missing reports that a program is not there.
func Missing(t testing.TB, name string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", name)
	}
	fmt.Printf("SKIP %s: %s is not installed\n", t.Name(), name)
	t.SkipNow()
}

// Address is the address of the D-Bus session.
func (k *Keyring) Address() string {
	_, address, _ := strings.Cut(k.Env[len(k.Env)-1], "=")
	return address
}

func (k *Keyring) send(method string, args ...string) (string, error) {
	return k.run("", "dbus-send", slices.Concat([]string{"--session", "--print-reply", "--dest=org.freedesktop.secrets",
		"/org/freedesktop/secrets", method}, args)...)
}

func (k *Keyring) run(stdin, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = k.Env
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// Lock locks all of it.
func (k *Keyring) Lock() {
	k.t.Helper()
	if out, err := k.send("org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login"); err != nil {
		k.t.Fatal(err, out)
	}
}

// Pause stops the daemon, which then answers nothing; Resume lets it go on.
func (k *Keyring) Pause() { k.signal("-STOP") }

// Resume lets a daemon go on that Pause stopped.
func (k *Keyring) Resume() { k.signal("-CONT") }

func (k *Keyring) signal(signal string) { _ = exec.Command("kill", signal, k.pid).Run() }

// Lookup returns the secret of the entry, by another program than ours; "" for
// none.
func (k *Keyring) Lookup(service, account string) string {
	k.t.Helper()
	cmd := exec.Command("secret-tool", "lookup", "service", service, "username", account)
	cmd.Env = k.Env
	out, _ := cmd.Output() // 1 where there is none
	return string(out)
}

// Store makes an entry as Codex does, or changes it.
func (k *Keyring) Store(service, account, secret string) {
	k.t.Helper()
	if out, err := k.run(secret, "secret-tool", "store", "--label", account+"@"+service,
		"application", "rust-keyring", "service", service, "target", "default", "username", account); err != nil {
		k.t.Fatal(err, out)
	}
}

// Attributes describes the entries of the service, without their secrets.
func (k *Keyring) Attributes(service string) string {
	k.t.Helper()
	out, _ := k.run("", "secret-tool", "search", "--all", "service", service)
	var lines []string
	for line := range strings.Lines(out) {
		if name, _, _ := strings.Cut(line, " "); name == "label" || strings.HasPrefix(name, "attribute.") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
