package core

// Retire has a server that runs make way for another one: it drains as at the end of
// Run's ctx, but without DrainDelay, as the other is there already. New upgrades are
// refused from now on, and the clients are closed with 1012 over DrainPeriod, so that
// they do not all come to the other at once. When the last one has gone Run returns;
// that its ctx ends meanwhile changes nothing. Retire does not wait, and does nothing
// to a server that does not run. Any goroutine may call it.
func (s *Server) Retire() {
	if state := s.State(); state == StateNew || state == StateStopped {
		return
	}
	now := s.life.Load()
	now.retiring.Do(func() { close(now.retired) })
}
