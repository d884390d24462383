// Package nearest finds the names that are most like a mistyped one.
package nearest

import (
	"cmp"
	"slices"
)

// Names returns at most n of names, the most similar to name first; equally
// similar ones keep their order. Similar is a small Levenshtein distance. It takes
// time in proportion to the length of name, which the caller bounds.
func Names(name string, names []string, n int) []string {
	far := make(map[string]int, len(names)) // so that each distance is taken once
	for _, known := range names {
		far[known] = Distance(name, known)
	}
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(far[a], far[b]) })
	return sorted[:min(n, len(sorted))]
}

// Distance returns the Levenshtein distance of two names: how many bytes have to
// be added, removed or replaced to turn one into the other.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
