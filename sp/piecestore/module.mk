$(call library,sp/piecestore)
