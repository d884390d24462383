// Package nearest finds the names that are most like a mistyped one.
package nearest

import (
	"cmp"
	"slices"
)

// Names returns at most n of names, the most similar to name first; equally
// similar ones keep their order. Similar is a small [Distance]. It takes
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

// Distance returns how far apart two names are: how many bytes have to be added,
// removed, replaced or exchanged with their neighbour to turn one into the other
// (optimal string alignment).
func Distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = 1 + min(above[j], above[j+1], row[j])
			if a[i] == b[j] {
				row[j+1] = above[j]
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
