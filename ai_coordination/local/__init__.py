"""The development server: the engine on one machine, with AWS embedded or emulated."""
