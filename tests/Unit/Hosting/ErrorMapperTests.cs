using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microsoft.Extensions.Logging;
using Status = Google.Rpc.Status;

namespace Microservices.Tests.Unit.Hosting;

/// <summary>What a caller is told of an exception, and what the log is.</summary>
public sealed class ErrorMapperTests : ILogger<ErrorMapper>
{
    private const string Secret = "a secret";
    private readonly List<LogLevel> logged = [];
    private readonly ErrorMapper mapper;

    public ErrorMapperTests() => mapper = new(this);

    public static TheoryData<Exception, StatusCode, string, LogLevel> Exceptions => new()
    {
        { new InvalidOperationException(Secret), StatusCode.Internal, "INTERNAL", LogLevel.Error },
        { new OperationCanceledException(Secret), StatusCode.Cancelled, "CANCELLED", LogLevel.Warning },
        { new InvalidOperationException(Secret, new TimeoutException(Secret)), StatusCode.Unavailable, "DATABASE_UNAVAILABLE", LogLevel.Warning },
        { Upstream(StatusCode.Unavailable), StatusCode.Unavailable, "UPSTREAM_UNAVAILABLE", LogLevel.Warning },
        { Upstream(StatusCode.Aborted), StatusCode.Unavailable, "UPSTREAM_UNAVAILABLE", LogLevel.Warning },
        { Upstream(StatusCode.DeadlineExceeded), StatusCode.DeadlineExceeded, "UPSTREAM_TIMEOUT", LogLevel.Warning },
        { Upstream(StatusCode.ResourceExhausted), StatusCode.ResourceExhausted, "UPSTREAM_OVERLOADED", LogLevel.Warning },
        { Upstream(StatusCode.Cancelled), StatusCode.Cancelled, "CANCELLED", LogLevel.Warning },
        { Upstream(StatusCode.NotFound), StatusCode.Internal, "UPSTREAM_ERROR", LogLevel.Error },
        { Upstream(StatusCode.Internal), StatusCode.Internal, "UPSTREAM_ERROR", LogLevel.Error },
    };

    [Theory]
    [MemberData(nameof(Exceptions))]
    public void Of_an_exception_the_caller_learns_the_code_and_the_log_has_the_rest(Exception exception, StatusCode code, string reason, LogLevel level)
    {
        var status = mapper.ToStatus(exception, "/test.v1.Test/Get");

        Assert.Equal((code, reason), ((StatusCode)status.Code, status.GetDetail<ErrorInfo>()!.Reason));
        Assert.DoesNotContain(Secret, status.ToString(), StringComparison.Ordinal);
        Assert.Equal([level], logged);
    }

    [Fact]
    public void An_error_of_the_contract_is_passed_on_as_it_is_and_not_logged()
    {
        var error = new ErrorDomain("test.v1").NotFound("test.v1.Thing", "7");

        Assert.Equal(error, mapper.ToStatus(new StatusException(error), "/test.v1.Test/Get"));
        Assert.Empty(logged);
    }

    [Fact]
    public void When_to_try_a_service_again_that_this_one_needs_is_passed_on_and_nothing_else_it_says()
    {
        var error = new Status { Code = (int)StatusCode.ResourceExhausted, Message = Secret };
        error.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(7)) }));
        error.Details.Add(Any.Pack(new DebugInfo { Detail = Secret }));

        var status = mapper.ToStatus(error.ToRpcException(), "/test.v1.Test/Get");

        Assert.Equal(7, status.GetDetail<RetryInfo>()!.RetryDelay.Seconds);
        Assert.Null(status.GetDetail<DebugInfo>());
        Assert.DoesNotContain(Secret, status.ToString(), StringComparison.Ordinal);
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => logged.Add(logLevel);

    private static RpcException Upstream(StatusCode code) => new(new Grpc.Core.Status(code, Secret));
}
