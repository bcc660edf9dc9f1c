"""What benches are made of: processes, measurements inside the application, the view that does nothing."""
