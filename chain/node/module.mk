$(call library,chain/node)
# a validator that breaks the rules: in no program but that of make BYZ=1
SRCS_chain/node := $(filter-out $(if $(BYZ),,chain/node/byzantine.c),$(sort $(wildcard chain/node/*.c)))
