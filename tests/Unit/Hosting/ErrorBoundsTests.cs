using System.Text;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microsoft.Extensions.Logging.Abstractions;
using Status = Google.Rpc.Status;

namespace Microservices.Tests.Unit.Hosting;

public sealed class ErrorBoundsTests
{
    private static readonly ErrorDomain Domain = new("test.v1");

    public static TheoryData<string> Letters => ["a", "%", "é", "\n", "語", "😀", "\ud800"];

    [Theory]
    [MemberData(nameof(Letters))]
    public void Whatever_is_wrong_with_a_request_the_error_is_below_8_KB_of_headers(string letter)
    {
        var violations = new FieldViolations();
        for (var i = 0; i < 1_000; i++)
            violations.Add($"lines[{i}].{string.Concat(Enumerable.Repeat(letter, 2_000))}", string.Concat(Enumerable.Repeat(letter, 5_000)));

        var error = Domain.Invalid(violations);

        AssertSmall(error);
        Assert.InRange(error.GetDetail<BadRequest>()!.FieldViolations.Count, 1, 20);
        Assert.Equal("1000", error.GetDetail<ErrorInfo>()!.Metadata[ErrorDomain.ViolationsKey]);
        Assert.EndsWith(" more", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_violations_the_first_20_are_listed_and_the_others_counted()
    {
        var violations = new FieldViolations();
        for (var i = 0; i < 50; i++)
            violations.Add($"f[{i}]", "is bad");

        var error = Domain.Invalid(violations);

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"f[{i}]"), error.GetDetail<BadRequest>()!.FieldViolations.Select(v => v.Field));
        Assert.EndsWith("f[19]: is bad; and 30 more", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Twenty_violations_are_all_listed_and_nothing_is_said_of_more()
    {
        var violations = new FieldViolations();
        for (var i = 0; i < 20; i++)
            violations.Add($"lines[{i}].unit_price.currency_code", "must be 1 to 64 letters, digits, '-', '_' or '.', beginning with a letter or digit");

        var error = Domain.Invalid(violations);

        AssertSmall(error);
        Assert.Equal(violations, error.GetDetail<BadRequest>()!.FieldViolations);
        Assert.Empty(error.GetDetail<ErrorInfo>()!.Metadata);
    }

    [Fact]
    public void A_hundred_thousand_violations_cost_no_hundred_thousand_objects()
    {
        var violations = new FieldViolations();
        violations.Add("update_mask", "may name display_name and email only");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100_000; i++)
            violations.Add("update_mask", "may name display_name and email only");
        var error = Domain.Invalid(violations);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
        AssertSmall(error);
    }

    [Theory]
    [MemberData(nameof(Letters))]
    public void Every_other_error_is_as_small(string letter)
    {
        var text = string.Concat(Enumerable.Repeat(letter, 100_000));

        Assert.All(
            (Status[])[
                Domain.NotFound(text, text), Domain.AlreadyExists("t", text, text), Domain.VersionMismatch(text, 1, 2), Domain.FailedPrecondition("R", text, text),
                Domain.Exhausted("R", text), Domain.Unavailable("R", text), Domain.Other(StatusCode.Internal, "R", text),
            ],
            AssertSmall);
    }

    [Fact]
    public void An_error_of_another_is_cut_to_size_and_what_it_says_first_stays()
    {
        var bad = new BadRequest();
        for (var i = 0; i < 5_000; i++)
            bad.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = $"f{i}", Description = new string('x', 200) });
        var foreign = new Status { Code = 3, Message = new string('m', 500_000) };
        foreign.Details.Add(Any.Pack(new ErrorInfo { Reason = "R", Domain = "d" }));
        foreign.Details.Add(Any.Pack(bad));
        foreign.Details.Add(new Any { TypeUrl = "type.googleapis.com/google.rpc.BadRequest", Value = Google.Protobuf.ByteString.CopyFrom(new byte[9_000]) });

        var error = new ErrorMapper(NullLogger<ErrorMapper>.Instance).ToStatus(new StatusException(foreign), "test");

        AssertSmall(error);
        Assert.Equal("R", error.GetDetail<ErrorInfo>()!.Reason);
        Assert.Equal("f0", error.GetDetail<BadRequest>()!.FieldViolations[0].Field);
        Assert.StartsWith("mmm", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_within_the_bounds_is_left_as_it_is()
    {
        var error = Domain.NotFound("users.v1.User", "ada");
        Assert.Same(error, ErrorBounds.Fit(error));
    }

    private static void AssertSmall(Status error)
    {
        var trailers = error.ToRpcException().Trailers;
        var message = Encoding.UTF8.GetBytes(error.Message).Sum(b => b is >= 0x20 and <= 0x7E and not (byte)'%' ? 1 : 3);
        Assert.InRange(message, 0, 1024);
        Assert.InRange(message + trailers.Sum(t => t.Key.Length + ((t.ValueBytes.Length + 2) / 3 * 4)) + 200, 0, 8 * 1024);
    }
}
