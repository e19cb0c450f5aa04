package main

// The names of what is measured, as they stand in the table and in the JSON.
const (
	metricBoot          = "boot"
	metricRestartMedian = "restart p50"
	metricRestartTail   = "restart p99"
	metricOrphanCPU     = "orphan, CPU of PID 1"
	metricOrphanBurst   = "1000 orphans drained"
	metricPSS           = "memory (PSS)"
	metricIdleCPU       = "idle CPU in 10 s"
	metricWakeups       = "idle context switches"
	metricRawRate       = "logs, raw"
	metricRawCPU        = "logs, raw, CPU"
	metricRawLost       = "logs, raw, lost"
	metricPrefixRate    = "logs, prefixed"
	metricPrefixCPU     = "logs, prefixed, CPU"
	metricPrefixLost    = "logs, prefixed, lost"
	metricJSONRate      = "logs, JSON"
	metricJSONCPU       = "logs, JSON, CPU"
	metricJSONLost      = "logs, JSON, lost"
	metricScrape        = "scrape with its pass"
	metricScrapeCPU     = "scrape with its pass, CPU"
	metricPassCPU       = "sampling pass, CPU"
	metricPressedMedian = "restart while watched, p50"
	metricPressedTail   = "restart while watched, p99"
	metricList          = "client lists"
	metricShutdown      = "shutdown"
	metricSingle        = "one command, over bare true"
)

// metric is how a number is to be read.
type metric struct {
	unit string
	more bool // more is better
	// plain numbers are not worth a ratio: differences, and counts near zero.
	plain bool
}

func metricOf(name string) metric {
	switch name {
	case metricOrphanCPU:
		return metric{unit: "µs"}
	case metricPSS:
		return metric{unit: "MiB"}
	case metricWakeups:
		return metric{unit: "/s", plain: true}
	case metricIdleCPU:
		return metric{unit: "ms", plain: true}
	case metricRawRate, metricPrefixRate, metricJSONRate:
		return metric{unit: "MB/s", more: true}
	case metricRawCPU, metricPrefixCPU, metricJSONCPU:
		return metric{unit: "s/GB"}
	case metricRawLost, metricPrefixLost, metricJSONLost:
		return metric{unit: "%", plain: true}
	case metricSingle:
		return metric{unit: "ms", plain: true}
	default:
		return metric{unit: "ms"}
	}
}

// budget is what our number may be: at most (or at least, where more is better)
// times × the floor's + plus.
type budget struct {
	times, plus float64
}

// budgetOf is the budget of a metric at a size, if it has one.
func budgetOf(name string, n int) (budget, bool) {
	type key struct {
		metric string
		n      int // 0: any
	}
	budgets := map[key]budget{
		{metricBoot, 1}:          {1, 5},
		{metricBoot, 100}:        {2.5, 0},
		{metricBoot, 1000}:       {2.5, 0},
		{metricRestartMedian, 0}: {2, 0},
		{metricRestartTail, 0}:   {3, 0},
		{metricOrphanCPU, 0}:     {0, 5},
		{metricOrphanBurst, 0}:   {1.5, 0},
		{metricPSS, 1}:           {0, 9},
		{metricPSS, 100}:         {0, 11},
		{metricPSS, 1000}:        {0, 24},
		{metricIdleCPU, 0}:       {0, 50},
		{metricWakeups, 0}:       {0, 3},
		{metricRawRate, 0}:       {0.7, 0},
		{metricRawLost, 0}:       {0, 0},
		{metricPrefixRate, 0}:    {0.35, 0},
		{metricPrefixCPU, 0}:     {0, 2},
		{metricPrefixLost, 0}:    {0, 0},
		{metricJSONLost, 0}:      {0, 0},
		{metricScrape, 1000}:     {0, 25},
		{metricPassCPU, 1000}:    {0, 10},
		{metricList, 0}:          {0, 10},
		{metricShutdown, 0}:      {1.5, 0},
		{metricSingle, 0}:        {0, 3},
	}
	if b, ok := budgets[key{name, n}]; ok {
		return b, true
	}
	b, ok := budgets[key{name, 0}]
	return b, ok
}
