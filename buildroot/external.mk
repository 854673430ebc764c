include $(sort $(wildcard $(BR2_EXTERNAL_LIMPID_PATH)/package/*/*.mk))
