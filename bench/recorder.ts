// Records what a WebGPU device is asked to dispatch, so that it can be looked at and asked again, one dispatch at a time or all at once.

export interface Recorded {
  readonly pipeline: GPUComputePipeline;
  readonly groups: readonly (readonly [number, GPUBindGroup, readonly number[]])[];
  readonly size: readonly [number, number?, number?] | readonly [GPUBuffer, number];
}

export interface Recorder {
  /** What was dispatched since the last call. */
  readonly take: () => readonly Recorded[];
  readonly source: (p: GPUComputePipeline) => string;
  readonly name: (p: GPUComputePipeline) => string;
  readonly descriptor: (g: GPUBindGroup) => GPUBindGroupDescriptor | undefined;
  /** Lets the device be as it was. */
  readonly stop: () => void;
}

/** Records a device, before anything was made on it. */
export const record = (d: GPUDevice): Recorder => {
  const sources = new WeakMap<object, string>();
  const names = new WeakMap<object, string>();
  const descriptors = new WeakMap<GPUBindGroup, GPUBindGroupDescriptor>();
  let recorded: Recorded[] = [];

  const watchPass = (pass: GPUComputePassEncoder): GPUComputePassEncoder => {
    let pipeline: GPUComputePipeline;
    let groups = new Map<number, readonly [number, GPUBindGroup, readonly number[]]>();
    const [setPipeline, setBindGroup] = [pass.setPipeline.bind(pass), pass.setBindGroup.bind(pass)];
    const [direct, indirect] = [pass.dispatchWorkgroups.bind(pass), pass.dispatchWorkgroupsIndirect.bind(pass)];
    const keep = (size: Recorded['size']): void => void recorded.push({ pipeline, groups: [...groups.values()], size });
    return Object.assign(pass, {
      setPipeline: (p: GPUComputePipeline) => setPipeline((pipeline = p)),
      setBindGroup: (i: number, group: GPUBindGroup, offsets: readonly number[] = []) => {
        groups = new Map(groups).set(i, [i, group, [...offsets]]);
        setBindGroup(i, group, offsets);
      },
      dispatchWorkgroups: (...size: [number, number?, number?]) => {
        keep(size);
        direct(...size);
      },
      dispatchWorkgroupsIndirect: (...where: [GPUBuffer, number]) => {
        keep(where);
        indirect(...where);
      },
    });
  };
  const made = {
    createShaderModule: d.createShaderModule.bind(d),
    createComputePipeline: d.createComputePipeline.bind(d),
    createComputePipelineAsync: d.createComputePipelineAsync.bind(d),
    createBindGroup: d.createBindGroup.bind(d),
    createCommandEncoder: d.createCommandEncoder.bind(d),
  };
  const known = (p: GPUComputePipeline, o: GPUComputePipelineDescriptor): GPUComputePipeline => {
    sources.set(p, sources.get(o.compute.module) ?? '');
    names.set(p, o.label ?? names.get(o.compute.module) ?? '');
    return p;
  };
  Object.assign(d, {
    createShaderModule: (o: GPUShaderModuleDescriptor) => {
      const m = made.createShaderModule(o);
      sources.set(m, o.code);
      names.set(m, o.label ?? '');
      return m;
    },
    createComputePipeline: (o: GPUComputePipelineDescriptor) => known(made.createComputePipeline(o), o),
    createComputePipelineAsync: async (o: GPUComputePipelineDescriptor) =>
      known(await made.createComputePipelineAsync(o), o),
    createBindGroup: (o: GPUBindGroupDescriptor) => {
      const group = made.createBindGroup(o);
      descriptors.set(group, o);
      return group;
    },
    createCommandEncoder: (o?: GPUCommandEncoderDescriptor) => {
      const encoder = made.createCommandEncoder(o);
      const begin = encoder.beginComputePass.bind(encoder);
      return Object.assign(encoder, {
        beginComputePass: (p?: GPUComputePassDescriptor) => watchPass(begin(p)),
      });
    },
  });
  return {
    take: () => {
      const list = recorded;
      recorded = [];
      return list;
    },
    source: (p) => sources.get(p) ?? '',
    name: (p) => names.get(p) ?? '',
    descriptor: (g) => descriptors.get(g),
    stop: () => {
      for (const name of Object.keys(made)) delete (d as unknown as Record<string, unknown>)[name];
    },
  };
};

/** Encodes what was recorded into a pass. */
export const encode = (pass: GPUComputePassEncoder, list: readonly Recorded[]): void => {
  for (const { pipeline, groups, size } of list) {
    pass.setPipeline(pipeline);
    for (const [i, group, offsets] of groups)
      if (offsets.length === 0) pass.setBindGroup(i, group);
      else pass.setBindGroup(i, group, offsets);
    if (typeof size[0] === 'number') pass.dispatchWorkgroups(...(size as [number, number?, number?]));
    else pass.dispatchWorkgroupsIndirect(...(size as [GPUBuffer, number]));
  }
};
