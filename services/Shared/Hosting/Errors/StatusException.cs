using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>An error that is part of the contract, on its way to the caller. <see cref="CallPipeline"/> sends it as it is.</summary>
public sealed class StatusException(Status status) : Exception(status.Message)
{
    /// <summary>What the caller gets.</summary>
    public Status Status { get; } = status;
}
