// Judges a published log with golang.org/x/mod/sumdb/note and sumdb/tlog, which know nothing of Oremark:
//
//	judge [-old CHECKPOINT [-witness URL -witness-key VKEY]] VKEY FOLDER [PROOF...]
//
// The checkpoint in FOLDER is signed by VKEY; every tile hashes up to it; every entry of the bundles is in it, by a proof made
// of the tiles; the tree of an older CHECKPOINT is a part of it; a witness at URL cosigns first that and then the one in FOLDER; each C2SP tlog-proof PROOF proves its entry.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// files reads tiles from a folder: where a path of sumdb names the height, C2SP's does not.
type files string

func (f files) Height() int                      { return height }
func (f files) SaveTiles([]tlog.Tile, [][]byte)  {}
func (f files) read(path string) ([]byte, error) { return os.ReadFile(filepath.Join(string(f), path)) }
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := f.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func parse(verifier note.Verifier, msg []byte) (tree tlog.Tree, err error) {
	opened, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tree, errors.New("the checkpoint has other lines than origin, size and root")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// entries gives every entry of the log's bundles.
func (f files) entries(size int64) (all [][]byte, err error) {
	for at := int64(0); at < size; at += 256 {
		width := min(size-at, 256)
		tile := tlog.Tile{H: height, L: -1, N: at / 256, W: int(width)}
		bundle, err := f.read(strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1))
		if err != nil {
			return nil, err
		}
		for i := int64(0); i < width; i++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("bundle %d ends within an entry", at/256)
			}
			n := 2 + int(binary.BigEndian.Uint16(bundle))
			all, bundle = append(all, bundle[2:n]), bundle[n:]
		}
		if len(bundle) > 0 {
			return nil, fmt.Errorf("bundle %d is longer than its entries", at/256)
		}
	}
	return all, nil
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func check(verifier note.Verifier, folder, old string) error {
	f := files(folder)
	msg, err := f.read("checkpoint")
	if err != nil {
		return err
	}
	tree, err := parse(verifier, msg)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, f)
	entries, err := f.entries(tree.N)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(i), reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
	}
	fmt.Printf("%s: %d entries\n", verifier.Name(), tree.N)
	if old == "" {
		return nil
	}
	if msg, err = os.ReadFile(old); err != nil {
		return err
	}
	before, err := parse(verifier, msg)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, before.N, reader)
	if err != nil {
		return err
	}
	fmt.Printf("goes on from %d entries\n", before.N)
	return tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash)
}

// cosigner checks C2SP cosignatures, version 1.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(c.key, append([]byte(head), msg...), sig[8:])
}

func parseCosigner(vkey string) (c cosigner, err error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return c, errors.New("no vkey")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return c, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return c, errors.New("no witness's vkey")
	}
	return cosigner{parts[0], uint32(hash), key[1:]}, nil
}

// addCheckpoint asks a witness to cosign MSG, as C2SP tlog-witness says; its HTTP status.
func addCheckpoint(url string, by cosigner, verifier note.Verifier, old int64, proof tlog.TreeProof, msg []byte) (int, error) {
	body := fmt.Sprintf("old %d\n", old)
	for _, hash := range proof {
		body += hash.String() + "\n"
	}
	answer, err := http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader(body+"\n"+string(msg)))
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	lines, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer.StatusCode, err
	}
	opened, err := note.Open(append(append([]byte{}, msg...), lines...), note.VerifierList(verifier, by))
	if err == nil && len(opened.Sigs) != 2 {
		err = errors.New("the answer is no cosignature by the witness")
	}
	return answer.StatusCode, err
}

func checkWitness(verifier note.Verifier, folder, old, url, vkey string) error {
	by, err := parseCosigner(vkey)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(old)
	if err != nil {
		return err
	}
	now, err := files(folder).read("checkpoint")
	if err != nil {
		return err
	}
	small, err := parse(verifier, before)
	if err != nil {
		return err
	}
	large, err := parse(verifier, now)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(large.N, small.N, tlog.TileHashReader(large, files(folder)))
	if err != nil {
		return err
	}
	wrong := append(tlog.TreeProof{}, proof...)
	wrong[0][0] ^= 1
	for _, step := range []struct {
		old    int64
		proof  tlog.TreeProof
		msg    []byte
		status int
	}{{0, nil, before, 200}, {0, nil, now, 409}, {small.N, nil, now, 422}, {small.N, wrong, now, 422}, {small.N, proof, now, 200},
		{small.N, proof, now, 409}, {large.N, nil, before, 400}, {large.N, nil, now, 200}} {
		status, err := addCheckpoint(url, by, verifier, step.old, step.proof, step.msg)
		if err == nil && status != step.status {
			err = fmt.Errorf("status %d from size %d, not %d", status, step.old, step.status)
		}
		if err != nil {
			return fmt.Errorf("the witness: %w", err)
		}
	}
	fmt.Printf("%s witnesses it\n", by.name)
	return nil
}

func checkProof(verifier note.Verifier, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, msg, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("no tlog-proof with an entry")
	}
	entry, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	tree, err := parse(verifier, []byte(msg))
	if err != nil {
		return err
	}
	fmt.Printf("%s proves entry %d\n", filepath.Base(path), index)
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func main() {
	old := flag.String("old", "", "an older checkpoint of the log")
	witness := flag.String("witness", "", "where a witness of the log is asked")
	witnessKey := flag.String("witness-key", "", "its key")
	flag.Parse()
	if flag.NArg() < 2 {
		fmt.Fprintln(os.Stderr, "usage: judge [-old CHECKPOINT [-witness URL -witness-key VKEY]] VKEY FOLDER [PROOF...]")
		os.Exit(2)
	}
	verifier, err := note.NewVerifier(flag.Arg(0))
	if err == nil {
		err = check(verifier, flag.Arg(1), *old)
	}
	if err == nil && *witness != "" {
		err = checkWitness(verifier, flag.Arg(1), *old, *witness, *witnessKey)
	}
	for _, path := range flag.Args()[2:] {
		if err == nil {
			err = checkProof(verifier, path)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}
