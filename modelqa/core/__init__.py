"""The words of modelqa: frozen values and protocols, standard library only, no input or output."""
