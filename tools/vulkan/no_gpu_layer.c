/*
 * A Vulkan layer for running Dawn on machines without a GPU.
 *
 * Dawn asks of every adapter that shaders may index arrays of images with computed indices. Compute kernels never do, and the lavapipe of
 * Mesa 22 (Debian 12) does not claim it, so Dawn turns an otherwise able driver away. The layer answers "yes" in the driver's place, and takes
 * the request for it out again before the driver is asked to create a device.
 *
 * With VOXELGRAD_COMPILE_ONLY=1 it also swallows everything that would run on the device. Mesa's AMD driver can then be told to compile for a
 * GPU that is not there (RADV_FORCE_FAMILY): pipelines are compiled in earnest, command buffers and submits are empty. VOXELGRAD_SUBGROUP_SIZE=32
 * then makes it compile waves of that size, as the drivers of other systems do.
 *
 * One instance at a time is enough here; a second one shares the first one's functions, which are the same.
 */
#include <stdlib.h>
#include <string.h>

#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

/* The feature bits in question, of a driver or of a request. */
typedef struct {
  VkBool32 sampled, storage;
} ImageIndexing;

static struct {
  PFN_vkGetInstanceProcAddr instance_proc;
  PFN_vkGetDeviceProcAddr device_proc;
  PFN_vkGetPhysicalDeviceFeatures get_features;
  PFN_vkGetPhysicalDeviceFeatures2 get_features2;
  PFN_vkCreateComputePipelines create_compute_pipelines;
  VkInstance instance;
  int swallow;
  uint32_t subgroup_size; /* 0: as the driver likes */
} below;

static void grant(VkPhysicalDeviceFeatures *answer) {
  answer->shaderSampledImageArrayDynamicIndexing = VK_TRUE;
  answer->shaderStorageImageArrayDynamicIndexing = VK_TRUE;
}

static void withdraw(VkPhysicalDeviceFeatures *request, ImageIndexing real) {
  if (!real.sampled) request->shaderSampledImageArrayDynamicIndexing = VK_FALSE;
  if (!real.storage) request->shaderStorageImageArrayDynamicIndexing = VK_FALSE;
}

static VKAPI_ATTR void VKAPI_CALL get_features(VkPhysicalDevice device, VkPhysicalDeviceFeatures *answer) {
  below.get_features(device, answer);
  grant(answer);
}

static VKAPI_ATTR void VKAPI_CALL get_features2(VkPhysicalDevice device, VkPhysicalDeviceFeatures2 *answer) {
  below.get_features2(device, answer);
  grant(&answer->features);
}

/* A create-info's chain holds one link a layer; the loader's other entries of the same type carry something else. */
static VkLayerInstanceCreateInfo *instance_link(const void *chain) {
  for (VkLayerInstanceCreateInfo *entry = (void *)chain; entry != NULL; entry = (void *)entry->pNext)
    if (entry->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO && entry->function == VK_LAYER_LINK_INFO) return entry;
  return NULL;
}

static VkLayerDeviceCreateInfo *device_link(const void *chain) {
  for (VkLayerDeviceCreateInfo *entry = (void *)chain; entry != NULL; entry = (void *)entry->pNext)
    if (entry->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO && entry->function == VK_LAYER_LINK_INFO) return entry;
  return NULL;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator,
                                                      VkInstance *created) {
  VkLayerInstanceCreateInfo *link = instance_link(info->pNext);
  if (link == NULL) return VK_ERROR_INITIALIZATION_FAILED;
  below.instance_proc = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext; /* the next layer finds its own link there */

  PFN_vkCreateInstance create = (PFN_vkCreateInstance)below.instance_proc(VK_NULL_HANDLE, "vkCreateInstance");
  VkResult result = create(info, allocator, created);
  if (result != VK_SUCCESS) return result;

  below.instance = *created;
  below.get_features = (PFN_vkGetPhysicalDeviceFeatures)below.instance_proc(*created, "vkGetPhysicalDeviceFeatures");
  below.get_features2 = (PFN_vkGetPhysicalDeviceFeatures2)below.instance_proc(*created, "vkGetPhysicalDeviceFeatures2");
  if (below.get_features2 == NULL)
    below.get_features2 = (PFN_vkGetPhysicalDeviceFeatures2)below.instance_proc(*created, "vkGetPhysicalDeviceFeatures2KHR");
  const char *compile_only = getenv("VOXELGRAD_COMPILE_ONLY");
  below.swallow = compile_only != NULL && strcmp(compile_only, "1") == 0;
  const char *subgroup_size = getenv("VOXELGRAD_SUBGROUP_SIZE");
  below.subgroup_size = below.swallow && subgroup_size != NULL ? (uint32_t)strtoul(subgroup_size, NULL, 10) : 0;
  return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator, VkDevice *created) {
  VkLayerDeviceCreateInfo *link = device_link(info->pNext);
  if (link == NULL) return VK_ERROR_INITIALIZATION_FAILED;
  PFN_vkGetInstanceProcAddr instance_proc = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  below.device_proc = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;

  VkPhysicalDeviceFeatures driver;
  below.get_features(physical, &driver);
  ImageIndexing real = {driver.shaderSampledImageArrayDynamicIndexing, driver.shaderStorageImageArrayDynamicIndexing};
  /* The request comes in one of two places. Both are the caller's, who sees the bits gone; Dawn does not look again. */
  if (info->pEnabledFeatures != NULL) withdraw((VkPhysicalDeviceFeatures *)info->pEnabledFeatures, real);
  for (VkBaseOutStructure *entry = (void *)info->pNext; entry != NULL; entry = entry->pNext)
    if (entry->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2)
      withdraw(&((VkPhysicalDeviceFeatures2 *)entry)->features, real);
  return ((PFN_vkCreateDevice)instance_proc(below.instance, "vkCreateDevice"))(physical, info, allocator, created);
}

static VKAPI_ATTR VkResult VKAPI_CALL pretend(void) { return VK_SUCCESS; }

static int runs_on_device(const char *name) {
  static const char *const waits_and_submits[] = {
      "vkQueueSubmit",      "vkQueueSubmit2",       "vkQueueSubmit2KHR",    "vkQueueWaitIdle",      "vkDeviceWaitIdle",
      "vkWaitForFences",    "vkGetFenceStatus",     "vkResetFences",        "vkWaitSemaphores",     "vkBeginCommandBuffer",
      "vkEndCommandBuffer", "vkResetCommandBuffer", "vkFreeCommandBuffers", "vkResetCommandPool",   "vkDestroyCommandPool",
  };
  if (strncmp(name, "vkCmd", 5) == 0) return 1;
  for (size_t i = 0; i < sizeof waits_and_submits / sizeof waits_and_submits[0]; i++)
    if (strcmp(name, waits_and_submits[i]) == 0) return 1;
  return 0;
}

/* Dawn asks each pipeline's driver for the adapter's largest subgroups. */
static VKAPI_ATTR VkResult VKAPI_CALL create_compute_pipelines(VkDevice device, VkPipelineCache cache, uint32_t count,
                                                               const VkComputePipelineCreateInfo *infos,
                                                               const VkAllocationCallbacks *allocator, VkPipeline *created) {
  for (uint32_t i = 0; i < count; i++)
    for (VkBaseOutStructure *entry = (void *)infos[i].stage.pNext; entry != NULL; entry = entry->pNext)
      if (entry->sType == VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO)
        ((VkPipelineShaderStageRequiredSubgroupSizeCreateInfo *)entry)->requiredSubgroupSize = below.subgroup_size;
  return below.create_compute_pipelines(device, cache, count, infos, allocator, created);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL device_proc(VkDevice device, const char *name) {
  PFN_vkVoidFunction function = below.device_proc(device, name);
  if (below.subgroup_size != 0 && function != NULL && strcmp(name, "vkCreateComputePipelines") == 0) {
    below.create_compute_pipelines = (PFN_vkCreateComputePipelines)function;
    return (PFN_vkVoidFunction)create_compute_pipelines;
  }
  return below.swallow && function != NULL && runs_on_device(name) ? (PFN_vkVoidFunction)pretend : function;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL instance_proc(VkInstance instance, const char *name) {
  static const struct {
    const char *name;
    PFN_vkVoidFunction function;
  } ours[] = {
      {"vkGetInstanceProcAddr", (PFN_vkVoidFunction)instance_proc},
      {"vkGetDeviceProcAddr", (PFN_vkVoidFunction)device_proc},
      {"vkCreateInstance", (PFN_vkVoidFunction)create_instance},
      {"vkCreateDevice", (PFN_vkVoidFunction)create_device},
      {"vkGetPhysicalDeviceFeatures", (PFN_vkVoidFunction)get_features},
      {"vkGetPhysicalDeviceFeatures2", (PFN_vkVoidFunction)get_features2},
      {"vkGetPhysicalDeviceFeatures2KHR", (PFN_vkVoidFunction)get_features2},
  };
  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
    if (strcmp(name, ours[i].name) == 0) return ours[i].function;
  return below.instance_proc == NULL ? NULL : below.instance_proc(instance, name);
}

/* The loader's way in. All else is hidden, so nothing here can be mistaken for the loader's functions of the same names. */
__attribute__((visibility("default"))) VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *negotiation) {
  if (negotiation->loaderLayerInterfaceVersion < 2) return VK_ERROR_INITIALIZATION_FAILED;
  negotiation->loaderLayerInterfaceVersion = 2;
  negotiation->pfnGetInstanceProcAddr = instance_proc;
  negotiation->pfnGetDeviceProcAddr = device_proc;
  negotiation->pfnGetPhysicalDeviceProcAddr = NULL;
  return VK_SUCCESS;
}
