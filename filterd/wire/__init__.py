"""DNS bytes: names, questions, answers, TCP framing. Pure: bytes in, values or bytes out; only ParseError escapes."""
