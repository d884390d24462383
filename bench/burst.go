package main

import "fmt"

// burst: one stream, as fast as it goes.
func (b *bench) burst() {
	up := newUpstream(false)
	defer up.Close()
	bare, box := b.bare(up), b.signalbox(up)
	all := append([]*child{bare, box}, b.others(up)...)
	// What takes long gets fewer deltas; figures are for each delta.
	sizes := map[string]int{"bare": 50_000, "signalbox": 50_000, "before": 50_000, "codex app-server": 2_000}
	results := map[string]figures{}
	for _, c := range all {
		results[c.name] = figures{}
		c.read(c, "burst-500-pro") // to get warm
		c.read(c, "burst-500-pro")
	}
	for range *rounds {
		for _, c := range all {
			n := sizes[c.name]
			if n == 0 {
				n = 10_000
			}
			results[c.name].measure(c, fmt.Sprintf("burst-%d-pro", n), float64(n))
		}
	}
	fmt.Printf("\n## Burst: deltas of 271 bytes in one stream, median of %d rounds\n\n", *rounds)
	fmt.Println("| program | CPU ms / 1,000 events | x bare | events/s | x bare |\n|---|---|---|---|---|")
	base := results["bare"]
	for _, c := range all {
		r := results[c.name]
		fmt.Printf("| %s | %.2f | %.2f | %.0f | %.3f |\n", c.name, median(r["cpu"])/1e3, r.ratio("cpu", base, "cpu"),
			1e9/median(r["wall"]), 1/r.ratio("wall", base, "wall"))
	}
}

// size: large events.
func (b *bench) size() {
	up := newUpstream(false)
	defer up.Close()
	bare, box := b.bare(up), b.signalbox(up)
	sizes := []struct {
		name     string
		bytes, n int
	}{{"1 MB", 1_000_000, 8}, {"2 MiB", 2 << 20, 4}, {"16 MiB", 16 << 20, 2}}
	results := map[string]figures{}
	for i := range *rounds + 1 {
		for _, s := range sizes {
			for _, c := range []*child{bare, box} {
				key := c.name + s.name
				if i == 0 { // to get warm
					results[key] = figures{}
					c.read(c, fmt.Sprintf("size-%d-1-pro", s.bytes))
					continue
				}
				results[key].measure(c, fmt.Sprintf("size-%d-%d-pro", s.bytes, s.n), float64(s.n))
			}
		}
	}
	fmt.Printf("\n## Large events, median of %d rounds\n\n", *rounds)
	fmt.Println("| event | ms, bare | ms, signalbox | x bare | CPU ms, bare | CPU ms, signalbox | x bare |\n|---|---|---|---|---|---|---|")
	for _, s := range sizes {
		a, x := results["bare"+s.name], results["signalbox"+s.name]
		fmt.Printf("| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", s.name, median(a["wall"])/1e6, median(x["wall"])/1e6,
			x.ratio("wall", a, "wall"), median(a["cpu"])/1e6, median(x["cpu"])/1e6, x.ratio("cpu", a, "cpu"))
	}
	two, sixteen := results["signalbox2 MiB"], results["signalbox16 MiB"]
	fmt.Printf("\n16 MiB costs %.1f times 2 MiB (CPU %.1f times).\n", sixteen.ratio("wall", two, "wall"), sixteen.ratio("cpu", two, "cpu"))
}
