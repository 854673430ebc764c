package credential

// startedName is the file that says that the first steps are done, or put aside.
const startedName = "started"

// Started says whether the first steps are done, or put aside.
func (s *Store) Started() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := s.read(startedName)
	return len(text) > 0, err
}

// SetStarted notes that they are, or that they are not.
func (s *Store) SetStarted(started bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !started {
		return s.remove(startedName)
	}
	return s.write(startedName, []byte("yes\n"))
}
