"""What comes from outside: picture files that nobody has vouched for, and addresses of them."""
