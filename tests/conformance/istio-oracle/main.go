// Command istio-oracle answers, with Istio's own code, two questions about a set of
// Istio resources: would a cluster accept them (validate), and what does an ingress
// gateway do with them (serve: an in-process istiod that feeds a real Envoy over xDS).
//
//	istio-oracle validate [-no-analyze] [FILE|DIR...]     JSON; exit 1 if a resource is refused
//	istio-oracle serve -envoy PATH [FILE|DIR...]          one line of JSON when ready; SIGTERM ends it
//
// Standard output is for JSON only. ISTIO_ORACLE_DEBUG=1 shows istiod's warnings on
// standard error. README.md says how the gateway differs from one in a cluster.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	_ "istio-oracle/quiet"

	istiolog "istio.io/istio/pkg/log"
)

func main() {
	logOpts := istiolog.DefaultOptions()
	logOpts.OutputPaths = []string{"stderr"}
	logOpts.SetDefaultOutputLevel(istiolog.OverrideScopeName, istiolog.NoneLevel)
	if os.Getenv("ISTIO_ORACLE_DEBUG") != "" {
		logOpts.SetDefaultOutputLevel(istiolog.OverrideScopeName, istiolog.WarnLevel)
	}
	fatalIf(istiolog.Configure(logOpts))

	if len(os.Args) < 2 {
		usage()
	}
	switch os.Args[1] {
	case "validate":
		validateCommand(os.Args[2:])
	case "serve":
		serveCommand(os.Args[2:])
	default:
		usage()
	}
}

func validateCommand(args []string) {
	flags := flag.NewFlagSet("validate", flag.ExitOnError)
	noAnalyze := flags.Bool("no-analyze", false, "skip the analyzers of istioctl analyze")
	_ = flags.Parse(args)
	in := ""
	if names := flags.Args(); len(names) == 0 || (len(names) == 1 && names[0] == "-") {
		b, err := io.ReadAll(os.Stdin)
		fatalIf(err)
		in = string(b)
	} else {
		in = readFiles(names)
	}
	v, err := newValidator()
	fatalIf(err)
	rep := v.Report(in, !*noAnalyze)
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	fatalIf(e.Encode(rep))
	if !rep.OK {
		os.Exit(1)
	}
}

func serveCommand(args []string) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	o := serveOptions{}
	flags.StringVar(&o.Control, "control", "127.0.0.1:0", "loopback address of the control HTTP API")
	flags.StringVar(&o.XDS, "xds", "127.0.0.1:0", "loopback address of the ADS gRPC server")
	flags.StringVar(&o.Envoy, "envoy", "", "the envoy binary to start (empty: only write its bootstrap)")
	flags.IntVar(&o.PortOffset, "port-offset", 20000, "added to every gateway listener port (8080 -> 28080)")
	flags.BoolVar(&o.UntilEOF, "until-eof", false, "end when standard input does, so that it does not outlive its parent")
	flags.StringVar(&o.Dir, "dir", "", "folder of bootstrap, logs, sockets (default: a temporary one)")
	_ = flags.Parse(args)
	fatalIf(serve(o, readFiles(flags.Args())))
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: istio-oracle validate [-no-analyze] [FILE|DIR...]\n"+
		"       istio-oracle serve [-envoy PATH] [-control ADDR] [-xds ADDR] [-port-offset N] [FILE|DIR...]")
	os.Exit(2)
}

func fatalIf(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "istio-oracle:", err)
		os.Exit(2)
	}
}
