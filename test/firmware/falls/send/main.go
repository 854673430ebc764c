// Command send gives a file to the box's control API as an update, or with -page to its web page, without looking at it
// first, as whoever means it ill would: the box itself has to refuse it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"limpid/appliance/control"
)

func main() {
	page := flag.Bool("page", false, "send it to the page")
	flag.Parse()
	to := send
	if *page {
		to = sendToPage
	}
	if err := to(flag.Arg(0)); err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	fmt.Println("taken")
}

func send(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	client := control.NewClient("/run/limpid")
	defer client.Close()
	_, err = client.Upload(context.Background(), control.Upload{Size: info.Size()}, file)
	return err
}
