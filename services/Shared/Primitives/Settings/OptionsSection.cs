namespace Microservices.Primitives;

/// <summary>A section of the configuration that this process reads, with the options that are bound to it and what validates them.</summary>
internal sealed record OptionsSection(string Path, Type Options, Type Validator);
