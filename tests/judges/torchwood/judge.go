// Judges what is published with filippo.io/torchwood, which knows nothing of Oremark:
//
//	judge POLICY FOLDER PROOF...
//
// The checkpoint in FOLDER is signed as POLICY (C2SP tlog-policy) asks; its tiles give the entries; each C2SP tlog-proof PROOF
// proves under POLICY the entry that it carries, and that entry is the one in FOLDER.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// cut takes one entry off a bundle: two bytes of length, then its bytes.
func cut(tile []byte) (entry []byte, rh tlog.Hash, rest []byte, err error) {
	if len(tile) < 2 || len(tile) < 2+int(tile[0])<<8+int(tile[1]) {
		return nil, rh, nil, fmt.Errorf("a bundle ends within an entry")
	}
	n := 2 + int(tile[0])<<8 + int(tile[1])
	return tile[2:n], tlog.RecordHash(tile[2:n]), tile[n:], nil
}

func judge(policyFile, folder string, proofs []string) error {
	text, err := os.ReadFile(policyFile)
	if err != nil {
		return err
	}
	policy, err := torchwood.ParsePolicy(text)
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	head, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return err
	}
	tiles, err := torchwood.NewTileFS(os.DirFS(folder))
	if err != nil {
		return err
	}
	client, err := torchwood.NewClient(tiles, torchwood.WithCutEntry(cut))
	if err != nil {
		return err
	}
	var entries [][]byte
	for _, entry := range client.AllEntries(context.Background(), head.Tree, 0) {
		entries = append(entries, bytes.Clone(entry))
	}
	if err := client.Err(); err != nil {
		return err
	}
	fmt.Printf("%s: %d entries\n", head.Origin, len(entries))
	for _, file := range proofs {
		proof, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		extra, err := torchwood.ProofExtraData(proof)
		if err != nil {
			return err
		}
		if err := torchwood.VerifyProof(policy, tlog.RecordHash(extra), proof); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		found := -1
		for i := range entries {
			if bytes.Equal(entries[i], extra) {
				found = i
			}
		}
		fmt.Printf("%s proves entry %d\n", filepath.Base(file), found)
	}
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: judge POLICY FOLDER PROOF...")
		os.Exit(2)
	}
	if err := judge(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}
