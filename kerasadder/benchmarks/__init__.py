"""What `kerasadder benchmark` measures, a module each."""
