package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// passwordVariable takes the place of the prompt.
const passwordVariable = "LIMPID_KEY_PASSWORD"

// askPassword reads a password from the environment, or from the terminal
// without showing it.
func askPassword(prompt string) (string, error) {
	if word, ok := os.LookupEnv(passwordVariable); ok {
		return word, nil
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", fmt.Errorf("ask for the password: no terminal: put it into %s", passwordVariable)
	}
	defer tty.Close()
	before, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	silent := *before
	silent.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETSF, &silent); err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	fmt.Fprint(tty, prompt)
	word, err := bufio.NewReader(tty).ReadString('\n')
	fmt.Fprintln(tty)
	err = errors.Join(err, unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETSF, before))
	if errors.Is(err, io.EOF) {
		err = errors.New("it was not given")
	}
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	return strings.TrimSuffix(word, "\n"), nil
}

// choosePassword asks for a new one; twice, since it cannot be seen.
func choosePassword() (string, error) {
	first, err := askPassword("Password for the new key: ")
	if err != nil {
		return "", err
	}
	again, err := askPassword("The same again: ")
	switch {
	case err != nil:
		return "", err
	case first != again:
		return "", errors.New("choose a password: the two are not the same")
	case first == "":
		return "", errors.New("choose a password: it is empty: for a key without one say --no-password")
	}
	return first, nil
}
