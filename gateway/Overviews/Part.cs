using Grpc.Core;
using Microservices.Gateway.V1;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// One part of an aggregate: its data, or why it could not be had. An empty part is data and never looks like a failure.
/// The error is fit for the caller's eyes. A part that was not asked for is <c>default</c>.
/// </summary>
internal readonly record struct Part<T>(PartStatus Status, Answer<T>? Answer, Status? Error, TimeSpan Age = default)
    where T : class
{
    /// <summary>The data, if there is any.</summary>
    public T? Data => Answer?.Data;

    /// <summary>Whether it was asked for.</summary>
    public bool IsAsked => Status != PartStatus.Unspecified;

    /// <summary>Whether nothing is wrong with it.</summary>
    public bool IsWhole => Status is PartStatus.Ok or PartStatus.Unspecified;

    /// <summary>The part as it was asked for.</summary>
    public static Part<T> Of(Answer<T> answer) => new(PartStatus.Ok, answer, null);

    /// <summary>What was given earlier stands in for what could not be had.</summary>
    public static Part<T> Stale(Answer<T> answer, TimeSpan age, Status error) => new(PartStatus.Stale, answer, error, age);

    /// <summary>Why it could not be had; which of the failures it is follows from the gRPC code.</summary>
    public static Part<T> Failed(Status error) => new((StatusCode)error.Code switch
    {
        StatusCode.DeadlineExceeded => PartStatus.Timeout,
        StatusCode.ResourceExhausted => PartStatus.Shed,
        _ => PartStatus.Error,
    }, null, error);
}
