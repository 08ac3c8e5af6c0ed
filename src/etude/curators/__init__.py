"""What is worth learning from: from judged attempts to training rows."""
