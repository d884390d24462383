//go:build unix && !darwin

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// The Secret Service API of freedesktop.org, as far as it is used here. We speak
// it ourselves (docs/decisions.md 29): an entry of Codex is changed
// in place, no prompt is opened, no D-Bus daemon is started, and a call ends
// when its context does.
const (
	secretsName = "org.freedesktop.secrets"
	secretsPath = dbus.ObjectPath("/org/freedesktop/secrets")
	secretsAPI  = "org.freedesktop.Secret."

	noObject = dbus.ObjectPath("/")

	// entryTarget is an attribute that Codex's library sets on its items.
	entryTarget = "default"
)

// isReadOnlyKeyring: entries can be written.
const isReadOnlyKeyring = false

// secretValue is the struct Secret of the API.
type secretValue struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// secretService is a connection for one call.
type secretService struct {
	ctx  context.Context // of the call
	conn *dbus.Conn
}

// openSecretService connects to the session bus; close ends the connection, and
// so does the end of ctx.
func openSecretService(ctx context.Context) (s *secretService, end func(), err error) {
	bus, err := dialBus(ctx)
	if err != nil {
		return nil, nil, err
	}
	conn, err := dbus.DialUnix(bus, dbus.WithContext(ctx))
	if err != nil {
		_ = bus.Close()
		return nil, nil, fmt.Errorf("%w: D-Bus cannot be reached", errNoKeyring)
	}
	err = conn.Auth(nil)
	if err == nil {
		err = conn.Hello()
	}
	if err != nil {
		_ = conn.Close()
		return nil, nil, fmt.Errorf("%w: D-Bus does not let signalbox in", errNoKeyring)
	}
	return &secretService{ctx, conn}, func() { _ = conn.Close() }, nil
}

// call calls a method of the API and stores what it returns.
func (s *secretService) call(path dbus.ObjectPath, method string, args []any, results ...any) error {
	err := s.conn.Object(secretsName, path).CallWithContext(s.ctx, secretsAPI+method, 0, args...).Store(results...)
	var refused dbus.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused): // the text of a refusal is the service's own and is not repeated
		return fmt.Errorf("the keyring broke off: %w", err)
	case refused.Name == secretsAPI+"Error.IsLocked":
		return errLocked
	case refused.Name == secretsAPI+"Error.NoSuchObject":
		return errNoEntry
	case slices.Contains([]string{"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"}, refused.Name),
		strings.HasPrefix(refused.Name, "org.freedesktop.DBus.Error.Spawn."):
		return fmt.Errorf("%w: no program offers one on D-Bus", errNoKeyring)
	}
	return fmt.Errorf("the keyring refused: %s", refused.Name)
}

// find returns the item of the entry, in any collection and as Codex looks for
// it: the one of the target "default", else one without a target.
func (s *secretService) find(k keyring) (dbus.ObjectPath, error) {
	wanted := map[string]string{"service": k.service, "username": k.account}
	var open, locked []dbus.ObjectPath
	if err := s.call(secretsPath, "Service.SearchItems", []any{wanted}, &open, &locked); err != nil {
		return noObject, err
	}
	var best, plain []dbus.ObjectPath
	for _, item := range slices.Concat(open, locked) {
		v, err := s.conn.Object(secretsName, item).GetProperty(secretsAPI + "Item.Attributes")
		if err != nil {
			return noObject, fmt.Errorf("the keyring broke off: %w", err)
		}
		attributes, _ := v.Value().(map[string]string)
		switch target, given := attributes["target"]; {
		case target == entryTarget:
			best = append(best, item)
		case !given:
			plain = append(plain, item)
		}
	}
	if len(best) == 0 {
		best = plain
	}
	switch {
	case len(best) == 0:
		return noObject, errNoEntry
	case len(best) > 1:
		return noObject, errSeveral
	case slices.Contains(locked, best[0]):
		return noObject, errLocked
	}
	return best[0], nil
}

// session opens a session in which secrets travel as they are: over a socket
// that only its user can open.
func (s *secretService) session() (path dbus.ObjectPath, err error) {
	var nothing dbus.Variant
	err = s.call(secretsPath, "Service.OpenSession", []any{"plain", dbus.MakeVariant("")}, &nothing, &path)
	return path, err
}

func readEntry(ctx context.Context, k keyring) ([]byte, error) {
	s, end, err := openSecretService(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	item, err := s.find(k)
	if err != nil {
		return nil, err
	}
	session, err := s.session()
	if err != nil {
		return nil, err
	}
	var secret secretValue
	err = s.call(item, "Item.GetSecret", []any{session}, &secret)
	return secret.Value, err
}

func writeEntry(ctx context.Context, k keyring, text []byte) error {
	s, end, err := openSecretService(ctx)
	if err != nil {
		return err
	}
	defer end()
	item, err := s.find(k)
	if err != nil && !errors.Is(err, errNoEntry) {
		return err
	}
	session, sessionErr := s.session()
	if sessionErr != nil {
		return sessionErr
	}
	secret := secretValue{Session: session, Parameters: []byte{}, Value: text, ContentType: "text/plain"}
	if err == nil {
		return s.call(item, "Item.SetSecret", []any{secret})
	}
	collection, err := s.collection()
	if err != nil {
		return err
	}
	properties := map[string]dbus.Variant{
		secretsAPI + "Item.Label": dbus.MakeVariant(fmt.Sprintf("%s@%s:%s (signalbox)", k.account, k.service, entryTarget)),
		// All that Codex's library sets, so that it finds an item of its own.
		secretsAPI + "Item.Attributes": dbus.MakeVariant(map[string]string{
			"service": k.service, "username": k.account, "target": entryTarget, "application": "rust-keyring",
		}),
	}
	var prompt dbus.ObjectPath
	if err := s.call(collection, "Collection.CreateItem", []any{properties, secret, true}, &item, &prompt); err != nil {
		return err
	}
	return unasked(prompt)
}

// collection is the one that new items go into.
func (s *secretService) collection() (path dbus.ObjectPath, err error) {
	if err = s.call(secretsPath, "Service.ReadAlias", []any{"default"}, &path); err != nil {
		return noObject, err
	}
	if path == noObject {
		return noObject, fmt.Errorf("%w: it has no default collection", errNoKeyring)
	}
	locked, err := s.conn.Object(secretsName, path).GetProperty(secretsAPI + "Collection.Locked")
	if err != nil {
		return noObject, fmt.Errorf("the keyring broke off: %w", err)
	}
	if locked.Value() == true {
		return noObject, errLocked
	}
	return path, nil
}

func removeEntry(ctx context.Context, k keyring) error {
	s, end, err := openSecretService(ctx)
	if err != nil {
		return err
	}
	defer end()
	item, err := s.find(k)
	if err != nil {
		return err
	}
	var prompt dbus.ObjectPath
	if err := s.call(item, "Item.Delete", nil, &prompt); err != nil {
		return err
	}
	return unasked(prompt)
}

// unasked refuses a call that went on only if a prompt was opened.
func unasked(prompt dbus.ObjectPath) error {
	if prompt != noObject {
		return errLocked
	}
	return nil
}
